// Samples and snippets write to the current folder and to the console, of which there is one a process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
