# SPDX-License-Identifier: ISC
#
# usage: spamassassin.pl BATCH_FILE
# CPU time of SpamAssassin for every Received line, and for every header block with its
# walk over trusted and untrusted relays. Prints one JSON object, as bench-trace does.
use strict;
use warnings;
use JSON::PP;
use Mail::SpamAssassin;
use Mail::SpamAssassin::PerMsgStatus;

open(my $in, '<', $ARGV[0]) or die "$ARGV[0]: $!\n";
my @messages = map { decode_json($_)->{message} } <$in>;
close($in);

sub cpu { my @t = times; return $t[0] + $t[1]; }

sub received {
	my ($head) = @_;
	$head =~ s/\r?\n[ \t]+/ /g;
	return $head =~ /^Received:[ \t]*(.*)$/gmi;
}

my $sa = Mail::SpamAssassin->new({ local_tests_only => 1, dont_copy_prefs => 1,
	rules_filename => '/dev/null', site_rules_filename => '/dev/null',
	config_text => "dns_available no\n" });
$sa->init(0);

my @lines = map { received($_) } @messages;
my $reader = $sa->parse("\n", 0)->{metadata};
$reader->{is_dns_available} = 0;
my $from = cpu();
$reader->parse_received_line($_) for @lines;
my $line_us = (cpu() - $from) * 1e6 / @lines;

$from = cpu();
for my $m (@messages) {
	my $parsed = $sa->parse($m, 1);
	my $status = Mail::SpamAssassin::PerMsgStatus->new($sa, $parsed);
	$status->extract_message_metadata();
	$status->finish();
	$parsed->finish();
}
printf "{\"lines\":%d,\"us_per_line\":%.1f,\"blocks\":%d,\"blocks_per_cpu_s\":%.0f}\n",
	scalar @lines, $line_us, scalar @messages, @messages / (cpu() - $from);
