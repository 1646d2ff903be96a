#!/usr/bin/perl
#
# portal.pl 302|511 ADDRESS - a captive portal: answers HTTP on port 8080 with that status, and DNS on port 8053 with that
# address for every name. One connection at a time, which is enough for a test.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my ($status, $address) = @ARGV;
my $page = '<html><body>Welcome! Please sign in.</body></html>';
my %answer = (
    302 => "HTTP/1.1 302 Found\r\nLocation: http://$address:8080/login\r\n",
    511 => "HTTP/1.1 511 Network Authentication Required\r\n",
);
my $login = "HTTP/1.1 200 OK\r\n";
my $web = IO::Socket::INET->new(LocalPort => 8080, Proto => 'tcp', Listen => 16, ReuseAddr => 1) or die "port 8080: $!";
my $dns = IO::Socket::INET->new(LocalPort => 8053, Proto => 'udp') or die "port 8053: $!";

sub serve {
    my ($client) = @_;
    my $request = '';
    my $reader = IO::Select->new($client);
    while ($request !~ /\r\n\r\n/ && length $request < 8192) {
        last unless $reader->can_read(2) && sysread $client, $request, 4096, length $request;
    }
    return unless $request =~ m{^(GET|HEAD) (\S+) };
    my $head = $2 =~ m{/login$} ? $login : $answer{$status};
    my $body = $1 eq 'HEAD' ? '' : $page;
    syswrite $client, "${head}Content-Type: text/html\r\nContent-Length: " . length($page) . "\r\nConnection: close\r\n\r\n$body";
}

# A question's name is not compressed; of other types than A there is nothing.
sub lie {
    my ($query) = @_;
    return unless length $query > 16 && unpack('x4 n', $query) == 1;
    my $end = index $query, "\0", 12;
    return if $end < 0 || length $query < $end + 5;
    my $question = substr $query, 12, $end + 5 - 12;
    my $is_a = unpack('n', substr $question, -4, 2) == 1;
    my $record = $is_a ? pack('n n n N n', 0xC00C, 1, 1, 0, 4) . join('', map { chr } split /\./, $address) : '';
    return substr($query, 0, 2) . pack('n5', 0x8180, 1, $is_a ? 1 : 0, 0, 0) . $question . $record;
}

my $both = IO::Select->new($web, $dns);
while (1) {
    for my $ready ($both->can_read) {
        if ($ready == $web) {
            my $client = $web->accept or next;
            serve($client);
            close $client;
        } else {
            $dns->recv(my $query, 1500) // next;
            my $reply = lie($query);
            $dns->send($reply) if defined $reply;
        }
    }
}
