using Btmm.HelpBuilder;

// HelpBuilder MODULE.dll AUTOMATION.dll PAGES_DIRECTORY OUTPUT_DIRECTORY
if (args.Length != 4)
{
    Console.Error.WriteLine("usage: HelpBuilder MODULE.dll AUTOMATION.dll PAGES_DIRECTORY OUTPUT_DIRECTORY");
    return 2;
}

string output = Directory.CreateDirectory(args[3]).FullName;
using var module = CmdletCatalog.Load(args[0], args[1]);
var pages = Directory.EnumerateFiles(args[2], "*-*.md").Select(HelpPage.Load).ToDictionary(p => p.Name);
MamlWriter.Write(Path.Combine(output, Path.GetFileName(args[0]) + "-Help.xml"), module.Cmdlets, pages);

foreach (string about in Directory.EnumerateFiles(args[2], "about_*.md"))
    File.WriteAllText(Path.Combine(output, Path.GetFileNameWithoutExtension(about) + ".help.txt"), AboutText.FromMarkdown(File.ReadAllLines(about)));
return 0;
