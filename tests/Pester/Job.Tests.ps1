BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

AfterAll {
    Get-Job | Where-Object PSJobTypeName -like Btmm* | Remove-Job -Force
}

Describe 'Start-BtmmDnsServer' {
    It 'returns a running job that Get-Job knows' {
        $job = New-BtmmAccount one.example.net | Start-BtmmDnsServer -Address 127.0.0.1 -Port 0 -Name one
        $job | Should -BeOfType Management.Automation.Job
        $job.State | Should -Be 'Running'
        $job.PSJobTypeName | Should -Be 'BtmmDnsServer'
        $job.Command | Should -Be 'Start-BtmmDnsServer'
        $job.Location | Should -Be "127.0.0.1:$($job.Port)"
        (Get-Job one).InstanceId | Should -Be $job.InstanceId
        (Get-Job -Id $job.Id).Name | Should -Be 'one'
        $job.ChildJobs.Count | Should -Be 0
    }

    It 'answers over UDP and TCP at once' {
        $job = Get-Job one
        $at = @{ Account = $job.Account; Server = "127.0.0.1:$($job.Port)" }
        (Resolve-BtmmName one.example.net SOA @at).Type | Should -Be 'SOA'
        (Resolve-BtmmName one.example.net SOA @at -TcpOnly).Type | Should -Be 'SOA'
    }

    It 'tells its state changes through Receive-Job' {
        $job = Get-Job one
        Wait-Until { $job.HasMoreData }
        $first = @(Receive-Job $job)[0]
        $first | Should -BeOfType Btmm.PowerShell.Output.BtmmStateChange
        $first.State | Should -Be 'Listening'
        $first.Detail | Should -Be "127.0.0.1:$($job.Port)"
        Publish-BtmmRecord -Account $job.Account -Server "127.0.0.1:$($job.Port)" x A 198.51.100.1
        Wait-Until { $job.HasMoreData }
        $kept = @(Receive-Job $job -Keep)
        $kept.State | Should -Contain 'Changed'
        @(Receive-Job $job).Count | Should -BeGreaterOrEqual $kept.Count
        $job.StatusMessage | Should -Match '^one\.example\.net: serial \d+, \d+ records$'
    }

    It 'tells a taken port as ResourceBusy, at once and without a job' {
        $job = Get-Job one
        $before = @(Get-Job).Count
        New-BtmmAccount two.example.net | Start-BtmmDnsServer -Address 127.0.0.1 -Port $job.Port -ErrorVariable failed -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failed[0].FullyQualifiedErrorId | Should -Be 'ResourceBusy,Btmm.PowerShell.Commands.StartBtmmDnsServerCommand'
        $failed[0].CategoryInfo.Category | Should -Be 'ResourceBusy'
        @(Get-Job).Count | Should -Be $before
    }

    It 'starts nothing with -WhatIf' {
        $before = @(Get-Job).Count
        New-BtmmAccount two.example.net | Start-BtmmDnsServer -Address 127.0.0.1 -Port 0 -WhatIf | Should -BeNullOrEmpty
        @(Get-Job).Count | Should -Be $before
    }

    It 'does not end by itself within Wait-Job -Timeout' {
        Wait-Job one -Timeout 1 | Should -BeNullOrEmpty
        (Get-Job one).State | Should -Be 'Running'
    }

    It 'is stopped by Stop-Job, within three seconds, and frees its port' {
        $job = Get-Job one
        $clock = [Diagnostics.Stopwatch]::StartNew()
        Stop-Job one
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 5
        $job.State | Should -Be 'Stopped'
        (Wait-Job one -Timeout 5).State | Should -Be 'Stopped'
        $again = New-BtmmAccount three.example.net | Start-BtmmDnsServer -Address 127.0.0.1 -Port $job.Port
        $again.State | Should -Be 'Running'
        Remove-Job $again -Force
    }

    It 'may be stopped twice and removed' {
        Stop-Job one
        Remove-Job one
        Get-Job one -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
    }

    It 'is stopped and removed by Remove-Job -Force, and its port is free' {
        $job = New-BtmmAccount four.example.net | Start-BtmmDnsServer -Address 127.0.0.1 -Port 0
        $port = $job.Port
        { Remove-Job $job -ErrorAction Stop } | Should -Throw
        Remove-Job $job -Force
        $listener = [Net.Sockets.TcpListener]::new([ipaddress]::Loopback, $port)
        $listener.Start()
        $listener.Stop()
    }

    It 'waits with Wait-Job until somebody stops it' {
        $job = New-BtmmAccount five.example.net | Start-BtmmDnsServer -Address 127.0.0.1 -Port 0
        $stopper = [powershell]::Create().AddScript({ param($job) Start-Sleep -Milliseconds 500; $job.StopJob() }).AddArgument($job)
        $handle = $stopper.BeginInvoke()
        (Wait-Job $job -Timeout 20).State | Should -Be 'Stopped'
        $null = $stopper.EndInvoke($handle)
        $stopper.Dispose()
        Remove-Job $job
    }

    It 'keeps what was not received until it is received, also after the end' {
        $job = New-BtmmAccount six.example.net | Start-BtmmDnsServer -Address 127.0.0.1 -Port 0
        Wait-Until { $job.HasMoreData }
        Stop-Job $job
        $job.HasMoreData | Should -BeTrue
        @(Receive-Job $job).Count | Should -BeGreaterOrEqual 1
        $job.HasMoreData | Should -BeFalse
        Remove-Job $job
    }

    It 'is stopped with its runspace' {
        $shell = [powershell]::Create()
        $job = $shell.AddScript("Import-Module '$root/Btmm.psd1'; New-BtmmAccount seven.example.net | Start-BtmmDnsServer -Address 127.0.0.1 -Port 0").Invoke()[0]
        $job.State | Should -Be 'Running'
        $shell.Runspace.Close()
        $shell.Dispose()
        Wait-Until { "$($job.State)" -eq 'Stopped' }
    }

    It 'shows its state changes in a table' {
        $job = New-BtmmAccount eight.example.net | Start-BtmmDnsServer -Address 127.0.0.1 -Port 0
        Wait-Until { $job.HasMoreData }
        $text = (Receive-Job $job | Format-Table | Out-String -Width 100).Trim() -split "`n"
        $text[0].Trim() -split '\s+' | Should -Be 'Time', 'Subject', 'State', 'Detail'
        $text[2] | Should -Match '^\d\d:\d\d:\d\d\s+Zone\s+Listening\s+127\.0\.0\.1:\d+'
        Remove-Job $job -Force
    }
}

Describe 'Two runspaces' {
    It 'do not see each other''s account' {
        $job = New-BtmmAccount nine.example.net | Start-BtmmDnsServer -Address 127.0.0.1 -Port 0
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$root/Btmm.psd1'; Get-BtmmRecord x -Server 127.0.0.1:$($job.Port) -ErrorAction SilentlyContinue; `$Error[0].FullyQualifiedErrorId")
        $shell.Invoke() | Should -Be 'InvalidValue,Btmm.PowerShell.Commands.GetBtmmRecordCommand'
        $shell.Dispose()
        Remove-Job $job -Force
    }
}

Describe 'Ctrl-C' {
    It 'ends a cmdlet that waits for an answer, promptly and without an error' {
        $silent = [Net.Sockets.UdpClient]::new([Net.IPEndPoint]::new([ipaddress]::Loopback, 0))
        try {
            $shell = [powershell]::Create()
            $null = $shell.AddScript("Import-Module '$root/Btmm.psd1'; Resolve-BtmmName x.example.net -Server 127.0.0.1:$($silent.Client.LocalEndPoint.Port) -Timeout 60")
            $handle = $shell.BeginInvoke()
            Wait-Until { $silent.Available -gt 0 }
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $shell.Stop()
            Write-Host ("      stopped within {0:n0} ms" -f $clock.Elapsed.TotalMilliseconds)
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 5
            $shell.Streams.Error.Count | Should -Be 0
            "$($shell.InvocationStateInfo.State)" | Should -Be 'Stopped'
            $shell.Dispose()
        }
        finally {
            $silent.Dispose()
        }
    }
}

Describe 'The base of the jobs' {
    BeforeAll {
        Add-Type -ReferencedAssemblies "$root/module/bin/Btmm.PowerShell.dll", "$root/module/bin/Btmm.Core.dll", "$root/module/bin/Btmm.Protocol.dll", 'System.Management.Automation' -IgnoreWarnings -WarningAction SilentlyContinue -TypeDefinition @'
using System;
using System.Threading;
using System.Threading.Tasks;
using Btmm.Core.Diagnostics;
using Btmm.Core.SignOn;
using Btmm.PowerShell.Jobs;

public sealed class PlayedJob : BtmmJob
{
    private readonly string _part;

    public PlayedJob(string part, BtmmAccount account) : base("Start-Played", part, "Played", account) { _part = part; }

    protected override async Task RunAsync(CancellationToken stopping)
    {
        for (int i = 0; i < 1500; i++) Publish(i);
        if (_part == "fails") throw new BtmmException(BtmmErrorReason.PeerUnreachable, "The peer is away.", "Wait for it.");
        if (_part == "hangs") await new TaskCompletionSource().Task;
        if (_part == "waits") await Task.Delay(Timeout.Infinite, stopping);
    }
}
'@
        $account = New-BtmmAccount played.example.net
        $start = [Btmm.PowerShell.Jobs.BtmmJob].GetMethod('Start', [Reflection.BindingFlags] 'Instance, NonPublic')
        function Start-Played([string] $Part) {
            $job = [PlayedJob]::new($Part, $account)
            $null = $start.Invoke($job, @())
            $job
        }
    }

    It 'keeps the newest 1,000 records and drops the oldest' {
        $job = Start-Played ends
        Wait-Until { "$($job.State)" -eq 'Completed' }
        $records = Receive-Job $job
        $records.Count | Should -Be 1000
        $records[0] | Should -Be 500
        $records[-1] | Should -Be 1499
        $job.HasMoreData | Should -BeFalse
        $job.Dispose()
    }

    It 'has its last error in the error stream before it is Failed' {
        $job = Start-Played fails
        Wait-Until { "$($job.State)" -eq 'Failed' }
        $job.Error.Count | Should -Be 1
        $job.HasMoreData | Should -BeTrue
        $job.StatusMessage | Should -Be 'The peer is away.'
        $null = Receive-Job $job -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'PeerUnreachable*'
        $failed[0].CategoryInfo.Category | Should -Be 'ConnectionError'
        $job.Dispose()
    }

    It 'is Stopped when it is stopped while it waits' {
        $job = Start-Played waits
        $job.StopJob()
        "$($job.State)" | Should -Be 'Stopped'
        $job.StopJob()
        $job.Dispose()
    }

    It 'gives the prompt back although its work does not end' {
        $job = Start-Played hangs
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $job.StopJob()
        $clock.Elapsed.TotalSeconds | Should -BeGreaterThan 2
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 15
        "$($job.State)" | Should -Be 'Stopped'
        $job.Dispose()
    }
}
