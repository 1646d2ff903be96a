using System.Security;
using System.Text;

namespace Btmm.Platform.Services;

/// <summary>Writes a scheduled task of Windows that starts with the system and is started again after a failure. Holds no state.</summary>
public static class TaskXml
{
    /// <summary>The task's text, as <c>schtasks /Create /XML</c> takes it (UTF-16).</summary>
    /// <param name="service">The service.</param>
    public static string Format(ServiceDefinition service)
    {
        ArgumentNullException.ThrowIfNull(service);
        string arguments = string.Join(' ', service.Arguments.Select(Quote));
        return $"""
            <?xml version="1.0" encoding="UTF-16"?>
            <Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
              <RegistrationInfo>
                <Description>{(service.Kind == ServiceKind.Zone ? "Btmm zone service" : "Btmm node")}; written by Register-BtmmService.</Description>
              </RegistrationInfo>
              <Triggers><BootTrigger><Enabled>true</Enabled></BootTrigger></Triggers>
              <Principals><Principal id="Author"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal></Principals>
              <Settings>
                <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
                <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
                <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
                <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
                <RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>
              </Settings>
              <Actions Context="Author">
                <Exec><Command>{SecurityElement.Escape(service.Program)}</Command><Arguments>{SecurityElement.Escape(arguments)}</Arguments></Exec>
              </Actions>
            </Task>
            """;
    }

    // As CommandLineToArgvW reads it: backslashes count only before a quote.
    private static string Quote(string argument)
    {
        if (argument.Length > 0 && !argument.Any(static c => char.IsWhiteSpace(c) || c == '"')) return argument;
        var text = new StringBuilder("\"");
        int slashes = 0;
        foreach (char c in argument)
        {
            if (c == '\\')
            {
                slashes++;
                continue;
            }

            text.Append('\\', c == '"' ? (2 * slashes) + 1 : slashes).Append(c);
            slashes = 0;
        }

        return text.Append('\\', 2 * slashes).Append('"').ToString();
    }
}
