BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

Describe 'A server given as text' {
    It '<Text> is host <HostName>, port <Port>' -ForEach @(
        @{ Text = 'ns.example.net'; HostName = 'ns.example.net'; Port = $null }
        @{ Text = 'ns.example.net:5353'; HostName = 'ns.example.net'; Port = 5353 }
        @{ Text = '192.0.2.1'; HostName = '192.0.2.1'; Port = $null }
        @{ Text = '192.0.2.1:53'; HostName = '192.0.2.1'; Port = 53 }
        @{ Text = '2001:db8::1'; HostName = '2001:db8::1'; Port = $null }
        @{ Text = '[2001:db8::1]'; HostName = '2001:db8::1'; Port = $null }
        @{ Text = '[2001:db8::1]:5353'; HostName = '2001:db8::1'; Port = 5353 }
        @{ Text = ' localhost '; HostName = 'localhost'; Port = $null }
    ) {
        $server = [Btmm.PowerShell.Infrastructure.HostPort] $Text
        $server.Host | Should -Be $HostName
        $server.Port | Should -Be $Port
    }

    It '<_> is refused' -ForEach '', ' ', ':53', 'host:', 'host:0', 'host:65536', 'host:x', 'host:1:2', '[::1', '[192.0.2.1]:53', '[::1]53', 'a b', 'host:-1' {
        { [Btmm.PowerShell.Infrastructure.HostPort]::Parse($_) } | Should -Throw
    }

    It 'is printed so that it can be read back' {
        foreach ($text in 'ns.example.net:5353', '[2001:db8::1]:53', '2001:db8::1', 'localhost') {
            "$([Btmm.PowerShell.Infrastructure.HostPort] $text)" | Should -Be $text
        }
    }
}

Describe 'A duration' {
    BeforeAll {
        $duration = [Btmm.PowerShell.Infrastructure.DurationAttribute]::new()
        $wait = [Btmm.PowerShell.Infrastructure.DurationAttribute] @{ IsWait = $true }
    }

    It 'may be <Given>' -ForEach @(
        @{ Given = 3600; Seconds = 3600 }
        @{ Given = 90L; Seconds = 90 }
        @{ Given = 1.5; Seconds = 1.5 }
        @{ Given = '3600'; Seconds = 3600 }
        @{ Given = '2:00:00'; Seconds = 7200 }
        @{ Given = [timespan]::FromMinutes(3); Seconds = 180 }
        @{ Given = 0; Seconds = 0 }
    ) {
        $duration.Transform($null, $Given).TotalSeconds | Should -Be $Seconds
    }

    It 'is not <_>' -ForEach -1, '-1', 'soon', '-1:00:00', ([timespan]::FromSeconds(-1)) {
        { $duration.Transform($null, $_) } | Should -Throw '*whole seconds*'
    }

    It 'that is waited may be <_>' -ForEach 0.1, 1, '0:00:30', ([timespan]::FromDays(24)) {
        $wait.Transform($null, $_) | Should -BeGreaterThan ([timespan]::Zero)
    }

    It 'that is waited is not <_>, which is none or more than a timer takes' -ForEach 0, '0', '0:00:00', -1, ([timespan]::FromDays(24.1)), 4294967 {
        { $wait.Transform($null, $_) } | Should -Throw '*24 days*'
    }
}

Describe 'The map of errors' {
    It 'has a category for every reason of the engine' {
        [Btmm.PowerShell.Infrastructure.ErrorMap]::Unmapped | Should -BeNullOrEmpty
    }

    It 'never says NotSpecified' {
        foreach ($reason in [Enum]::GetValues([Btmm.Core.Diagnostics.BtmmErrorReason])) {
            [Btmm.PowerShell.Infrastructure.ErrorMap]::Category($reason) | Should -Not -Be 'NotSpecified'
        }
    }

    It '<Reason> is <Category>' -ForEach @(
        @{ Reason = 'Timeout'; Category = 'OperationTimeout' }
        @{ Reason = 'NoGateway'; Category = 'ObjectNotFound' }
        @{ Reason = 'PortMappingNotAuthorized'; Category = 'PermissionDenied' }
        @{ Reason = 'PortMappingOutOfResources'; Category = 'LimitsExceeded' }
        @{ Reason = 'TsigBadSignature'; Category = 'AuthenticationError' }
        @{ Reason = 'MalformedReply'; Category = 'ProtocolError' }
        @{ Reason = 'TunUnavailable'; Category = 'NotInstalled' }
        @{ Reason = 'ResourceBusy'; Category = 'ResourceBusy' }
    ) {
        $failure = [Btmm.Core.Diagnostics.BtmmException]::new($Reason, 'It failed.', 'Do something.', $null)
        $record = [Btmm.PowerShell.Infrastructure.ErrorMap]::ToErrorRecord($failure, 'the target')
        $record.FullyQualifiedErrorId | Should -Be $Reason
        $record.CategoryInfo.Category | Should -Be $Category
        $record.TargetObject | Should -Be 'the target'
        $record.ErrorDetails.RecommendedAction | Should -Be 'Do something.'
        "$record" | Should -Be 'It failed.'
    }
}
