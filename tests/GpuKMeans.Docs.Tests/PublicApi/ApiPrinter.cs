using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace GpuKMeans.Docs.Tests.PublicApi;

/// <summary>Prints all that a user of an assembly can see, as C# declarations in a fixed order.</summary>
internal static class ApiPrinter
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Print(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var types in assembly.GetExportedTypes().GroupBy(type => type.Namespace).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            text.Append("namespace ").Append(types.Key).Append('\n');
            foreach (Type type in types.OrderBy(type => type.FullName, StringComparer.Ordinal))
            {
                text.Append('\n').Append(Header(type)).Append('\n');
                foreach (string member in Members(type))
                {
                    text.Append("    ").Append(member).Append('\n');
                }
            }

            text.Append('\n');
        }

        return text.ToString().TrimEnd('\n') + "\n";
    }

    private static string Header(Type type)
    {
        if (type.IsEnum)
        {
            return $"enum {ApiNames.Of(type)} : {ApiNames.Of(Enum.GetUnderlyingType(type))}";
        }

        if (type.IsSubclassOf(typeof(Delegate)))
        {
            MethodInfo invoke = type.GetMethod("Invoke")!;
            return $"delegate {ApiNames.OfReturn(invoke)} {ApiNames.Of(type)}({ApiNames.Parameters(invoke)})";
        }

        bool isRecord = type.GetMethods(Declared).Any(m => m.Name == "PrintMembers" && IsGenerated(m));
        string kind = type switch
        {
            { IsInterface: true } => "interface",
            { IsValueType: true } => (type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "")
                + (type.IsByRefLike ? "ref " : "") + (isRecord ? "record " : "") + "struct",
            { IsAbstract: true, IsSealed: true } => "static class",
            _ => (type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "") + (isRecord ? "record" : "class"),
        };
        var bases = new List<string>();
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
        {
            bases.Add(ApiNames.Of(parent));
        }

        Type[] inherited = [.. type.BaseType?.GetInterfaces() ?? [], .. type.GetInterfaces().SelectMany(i => i.GetInterfaces())];
        bases.AddRange(type.GetInterfaces()
            .Except(inherited)
            .Where(i => i.IsVisible && !(isRecord && i == typeof(IEquatable<>).MakeGenericType(type)))
            .Select(i => ApiNames.Of(i))
            .Order(StringComparer.Ordinal));
        return $"{kind} {ApiNames.Of(type)}{(bases.Count > 0 ? " : " : "")}{string.Join(", ", bases)}"
            + ApiNames.Constraints(type.GetGenericArguments());
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsSubclassOf(typeof(Delegate)))
        {
            return [];
        }

        if (type.IsEnum)
        {
            return type.GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => $"{f.Name} = {Convert.ToInt64(f.GetRawConstantValue())}");
        }

        return
        [
            .. Lines(type.GetFields(Declared).Where(f => IsVisible(f) && !f.IsSpecialName), Field),
            .. Lines(type.GetConstructors(Declared).Where(c => IsVisible(c) && !IsGenerated(c)), Constructor),
            .. Lines(type.GetProperties(Declared).Where(p => p.GetAccessors(true).Any(IsVisible) && p.Name != "EqualityContract"), Property),
            .. Lines(type.GetEvents(Declared).Where(e => IsVisible(e.AddMethod!)), Event),
            .. Lines(type.GetMethods(Declared).Where(IsShown), Method),
        ];
    }

    private static IEnumerable<string> Lines<T>(IEnumerable<T> members, Func<T, string> print)
        where T : MemberInfo =>
        members.OrderBy(m => m.Name, StringComparer.Ordinal).ThenBy(print, StringComparer.Ordinal).Select(print);

    private static bool IsShown(MethodInfo method) =>
        IsVisible(method) && !IsGenerated(method)
        && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal));

    private static string Field(FieldInfo field) =>
        Access(field.IsFamily || field.IsFamilyOrAssembly)
        + (field.IsLiteral ? "const " : (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : ""))
        + $"{ApiNames.Of(field)} {field.Name}"
        + (field.IsLiteral ? $" = {ApiNames.Literal(field.GetRawConstantValue(), field.FieldType)}" : "");

    private static string Constructor(ConstructorInfo constructor) =>
        $"{Access(constructor)}{ApiNames.Simple(constructor.DeclaringType!)}({ApiNames.Parameters(constructor)})";

    private static string Property(PropertyInfo property)
    {
        MethodInfo shown = property.GetAccessors(true).First(IsVisible);
        ParameterInfo[] index = property.GetIndexParameters();
        var text = new StringBuilder(Access(shown) + Inheritance(shown));
        if (property.IsDefined(typeof(RequiredMemberAttribute)))
        {
            text.Append("required ");
        }

        text.Append(ApiNames.Of(property)).Append(' ')
            .Append(index.Length > 0 ? $"this[{string.Join(", ", index.Select(ApiNames.Parameter))}]" : property.Name)
            .Append(" {");
        if (property.GetMethod is { } get && IsVisible(get))
        {
            text.Append(" get;");
        }

        if (property.SetMethod is { } set && IsVisible(set))
        {
            bool isInit = set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));
            text.Append(isInit ? " init;" : " set;");
        }

        return text.Append(" }").ToString();
    }

    private static string Event(EventInfo e) => $"{Access(e.AddMethod!)}event {ApiNames.Of(e.EventHandlerType!)} {e.Name}";

    private static string Method(MethodInfo method)
    {
        Type[] arguments = method.GetGenericArguments();
        string generics = arguments.Length > 0 ? $"<{string.Join(", ", arguments.Select(a => a.Name))}>" : "";
        string parameters = (method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "") + ApiNames.Parameters(method);
        return $"{Access(method)}{Inheritance(method)}{ApiNames.OfReturn(method)} {method.Name}{generics}({parameters})"
            + ApiNames.Constraints(arguments);
    }

    private static string Inheritance(MethodInfo method) => method switch
    {
        { IsStatic: true } => "static ",
        _ when method.DeclaringType!.IsInterface => "",
        _ when method.GetBaseDefinition() != method => method.IsAbstract ? "abstract override " : method.IsFinal ? "sealed override " : "override ",
        { IsAbstract: true } => "abstract ",
        { IsVirtual: true, IsFinal: false } => "virtual ",
        _ => "",
    };

    private static string Access(MethodBase method) => Access(method.IsFamily || method.IsFamilyOrAssembly);

    private static string Access(bool isProtected) => isProtected ? "protected " : "";

    private static bool IsVisible(MethodBase method) =>
        method.IsPublic || ((method.IsFamily || method.IsFamilyOrAssembly) && !method.DeclaringType!.IsSealed);

    private static bool IsVisible(FieldInfo field) =>
        field.IsPublic || ((field.IsFamily || field.IsFamilyOrAssembly) && !field.DeclaringType!.IsSealed);

    private static bool IsGenerated(MemberInfo member) => member.IsDefined(typeof(CompilerGeneratedAttribute), false);
}
