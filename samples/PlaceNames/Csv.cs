using System.Text;

namespace PlaceNames;

/// <summary>Comma-separated values after RFC 4180: a quoted field may hold commas, line ends and doubled quotes.</summary>
internal static class Csv
{
    public static IEnumerable<string[]> Read(TextReader text)
    {
        var record = new List<string>();
        var field = new StringBuilder();
        bool quoted = false;
        for (int next = text.Read(); next >= 0; next = text.Read())
        {
            char c = (char)next;
            if (quoted)
            {
                if (c != '"')
                {
                    field.Append(c);
                }
                else if (text.Peek() == '"')
                {
                    field.Append((char)text.Read());
                }
                else
                {
                    quoted = false;
                }
            }
            else if (c == '"' && field.Length == 0)
            {
                quoted = true;
            }
            else if (c == ',')
            {
                EndField();
            }
            else if (c == '\n')
            {
                EndField();
                yield return [.. record];
                record.Clear();
            }
            else if (c != '\r')
            {
                field.Append(c);
            }
        }

        if (field.Length > 0 || record.Count > 0)
        {
            EndField();
            yield return [.. record];
        }

        void EndField()
        {
            record.Add(field.ToString());
            field.Clear();
        }
    }
}
