# A gateway that answers on the port of NAT-PMP (RFC 6886) and PCP (RFC 6887) as a test wants, and keeps what it was asked. Needs
# no lab at an address of the loopback. The answer is a script that takes a request and emits the bytes to send, or nothing.
function Start-FakeGateway([string] $Address, [scriptblock] $Answer) {
    $socket = [Net.Sockets.UdpClient]::new([Net.IPEndPoint]::new([Net.IPAddress]::Parse($Address), 5351))
    $asked = [Collections.Concurrent.ConcurrentQueue[byte[]]]::new()
    $shell = [powershell]::Create().AddScript({
        param($socket, $asked, $text)
        $answer = [scriptblock]::Create($text)
        $from = [Net.IPEndPoint]::new([Net.IPAddress]::Any, 0)
        while ($true) {
            # The test closes the socket at its end.
            try { $request = $socket.Receive([ref] $from) } catch { break }
            $asked.Enqueue($request)
            $reply = [byte[]] @(& $answer $request)
            if ($reply) { $null = $socket.Send($reply, $reply.Length, $from) }
        }
    }).AddArgument($socket).AddArgument($asked).AddArgument("$Answer")
    $null = $shell.BeginInvoke()
    [pscustomobject]@{ Address = $Address; Socket = $socket; Shell = $shell; Asked = $asked }
}

function Stop-FakeGateway($Gateway) {
    $Gateway.Socket.Dispose()
    $Gateway.Shell.Stop()
    $Gateway.Shell.Dispose()
}
