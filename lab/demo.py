#!/usr/bin/python3
"""The story that `make demo` tells: the whole loop on one machine.

An open relay passes on spam.  It is nominated, tested, proved and listed; a
mail server that uses the list refuses its mail, and the bounce says why.  The
relay is repaired, its admin asks for a retest by mail from the host itself, it
is delisted, and the same mail goes through.

One of the servers that use the list is Portreeve's own gateway, and the second
act is about it: a user logs in and sends, and a stranger who tries every form
of the catalogue gets nowhere.

Every mail server here is a real one.  A wrong verdict or a step that fails
makes the exit code 1.  KEEP=1 in the environment leaves the lab running.
"""

import ipaddress
import json
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path[0] = str(TOP)

from lab import cast
from lab.gateway import CERTIFICATE
from lab.lab import Lab, as_root
from lab.portreeve import DOMAIN, ZONE, Portreeve
from lab.story import Story
from lab.wait import wait_until

BINARY = Path(os.environ.get("PORTREEVE", TOP / "build" / "portreeve"))
READER = "reader@reader.example"
ANN = "ann@isp.example"
WHO = "the lab's list operator"
RANGES = ("198.51.100.0/24", "2001:db8:100::/48")


class Wrong(Exception):
    """The story took a turn that it must not take."""


def expect(condition, text):
    if not condition:
        raise Wrong(text)


class Demo:
    def __init__(self, story):
        self.story = story
        self.probe = Portreeve(BINARY)
        self.relays = cast.relays()
        self.open = self.relays[0]
        self.receiver = cast.receiver()
        self.spammer = cast.spammer()
        self.isp, self.laptop = cast.isp(BINARY), cast.laptop()
        hosts = [self.probe, *self.relays, self.receiver, self.spammer, self.isp, self.laptop]
        self.lab = Lab("demo", hosts, self.probe.delegations())
        self.verdicts = {}  # address: (verdict, output)

    # -- helpers -----------------------------------------------------------

    def operator(self, command, *arguments, check=True):
        """A command of Portreeve, shown with what it says."""
        self.story.command(self.probe, "portreeve", command, *arguments)
        done = self.probe.portreeve(command, *arguments, check=check)
        self.story.show(done.stdout)
        return done

    def dig(self, address, kind):
        name = reversed_name(address)
        return self.receiver.run("dig", "+short", name, kind).stdout.strip()

    def wait_dns(self, address, listed):
        """Wait until the receiver's resolver says that the address is listed, or is not."""
        wait_until(lambda: bool(self.dig(address, "A")) == listed,
                   f"{address} to be {'listed' if listed else 'delisted'} in the DNS")

    def send(self, server, sender, subject):
        """The spammer's mail to the reader through `server`; gives the exit code of send.py."""
        words = ("send.py", server, "--from", sender, "--to", READER)
        self.story.command(self.spammer, *words)
        done = self.spammer.run(*words, check=False, text=f"Subject: {subject}\n\nBuy now.\n")
        self.story.show(done.stdout)
        return done.returncode

    def write_as(self, user, recipient, subject, text):
        """A user of the relay host writes a mail there, with the host's own `sendmail`."""
        sender = f"{user}@{self.open.domains[0]}"
        self.story.command(self.open, "sendmail", "-f", sender, recipient)
        self.story.show(f"Subject: {subject}\n\n{text}")
        self.open.run("sendmail", "-f", sender, recipient, user=user,
                      text=f"From: {sender}\nTo: {recipient}\nSubject: {subject}\n\n{text}\n")

    # -- the story ---------------------------------------------------------

    def come_up(self):
        with self.story.step("The lab comes up"):
            self.lab.open()
            self.story.say("One network namespace for each host, addresses from the documentation "
                           "ranges, no way out. The mail servers are Debian's Postfix.")
            self.story.table(["host", "name", "addresses", ""],
                             [[host.name, host.fqdn, f"{host.v4}  {host.v6}", host.story]
                              for host in self.lab.hosts])

    def spam_passes(self):
        with self.story.step("A stranger's mail goes through the open relay"):
            code = self.send(self.open.v4, "offers@access.example", "Cheap watches")
            expect(code == 0, "the open relay refused the stranger's mail")
            mail = self.receiver.wait_mail("reader", "Cheap watches")
            self.story.say("It reaches the reader; all that the receiving server saw is the relay:")
            self.story.show(mail[mail.index("Received:"):mail.index("Subject:")])

    def nominate(self):
        with self.story.step("The relay is nominated"):
            self.story.say("No consent, no test:")
            self._nominate(self.open.v4)
            expect(not self._tests(), "a test was queued without consent")
            self.story.say("The operator permits the networks of the lab:")
            for network in RANGES:
                self.operator("permit", "add", network, "--consent", "range", "--by", WHO)
            for address in self.open.addresses:
                self._nominate(address)

    def _nominate(self, address):
        self.operator("nominate", address, "--by", READER, "--reason", "spam came through it")

    def _tests(self):
        return self.probe.objects("list", "tests")[1]

    def prove(self):
        with self.story.step("It is tested, proved and listed"):
            self.story.say("The tester offers it mail from a stranger to a stranger; the collector "
                           "waits for what comes back.")
            wait_until(lambda: self.probe.listed().issuperset(self.open.addresses),
                       f"{self.open.fqdn} to be listed", 120)
            self.operator("list")
            for address in self.open.addresses:
                self.verdicts[address] = ("open", address)

    def evidence(self):
        with self.story.step("Everyone can see the proof, and check it elsewhere"):
            self.story.command(self.probe, "portreeve", "evidence", "show", self.open.v4)
            page = self.probe.portreeve("evidence", "show", self.open.v4).stdout
            self.story.say("A page to read, signed, with the whole transcript and the message that "
                           "was brought back to the collector. Of it:")
            way = page[page.index("The way that the message took"):]
            self.story.show(way[:way.index("    MIME-Version:")])
            self.operator("evidence", "export", self.open.v4, "/tmp/evidence.json")
            self.operator("keys", "export", "/tmp/portreeve.pem")
            self.story.say("The receiving server's admin checks it with these two files alone:")
            for file in ("/tmp/evidence.json", "/tmp/portreeve.pem", "/usr/local/bin/portreeve"):
                self.receiver.copy(self.probe.path(file), file)
            words = ("portreeve", "evidence", "verify", "/tmp/evidence.json",
                     "--key", "/tmp/portreeve.pem")
            self.story.command(self.receiver, *words)
            self.story.show(self.receiver.run(*words).stdout)

    def answers(self):
        with self.story.step("The list answers in the DNS"):
            for address in self.open.addresses:
                self.wait_dns(address, listed=True)
            for kind in ("A", "TXT"):
                self.story.command(self.receiver, "dig", "+short", reversed_name(self.open.v4), kind)
                answer = self.dig(self.open.v4, kind)
                self.story.show(answer)
                expect(answer == "127.0.0.2" if kind == "A" else self.open.v4 in answer,
                       f"not what the list must answer: {answer!r}")

    def refusal(self):
        with self.story.step("The receiving server refuses mail from the listed relay"):
            self.story.say("Not only spam is refused: alice, a user of the relay host, writes too. "
                           "The bounce tells her why.")
            self.write_as("alice", READER, "Dinner?", "Friday at eight?")
            bounce = self.open.wait_mail("alice", "blocked using")
            reason = bounce[bounce.index(f"<{READER}>: host"):]
            self.story.say("In alice's mailbox:")
            self.story.show(reason[:reason.index("\n\n")])
            expect(ZONE in reason, "the bounce does not name the list")
            expect("Dinner?" not in self.receiver.mailbox("reader"), "the mail came through all the same")

    def isp_refuses(self):
        with self.story.step("So does a provider whose mail server is Portreeve's gateway"):
            self.write_as("alice", ANN, "Lunch?", "Sunday at noon?")
            bounce = self.open.wait_mail("alice", "listed by")
            reason = bounce[bounce.index(f"<{ANN}>: host"):]
            self.story.say("In alice's mailbox:")
            self.story.show(reason[:reason.index("\n\n")])
            expect(ZONE in reason, "the bounce does not name the list")
            expect(not self.isp.maildir(ANN), "the mail came through all the same")

    def others(self):
        with self.story.step("The other servers are tested as well"):
            self.story.command(self.probe, "portreeve", "test", "ADDRESS")
            others = [(host, address) for host in self.relays if host is not self.open
                      for address in host.addresses]
            hosts, addresses = zip(*others)
            with ThreadPoolExecutor(4) as pool:
                tests = list(pool.map(self._test, addresses))
            for address, (code, result) in zip(addresses, tests):
                self.verdicts[address] = (result["verdict"], result["output"])
                expect(code == {"closed": 0, "open": 1}.get(result["verdict"], 2),
                       f"portreeve test {address}: exit {code} for {result['verdict']}")
            self.story.table(
                ["host", "address", "verdict", "delivered by", "proved by"],
                [[host.name, address, *self.verdicts[address], proof(result)]
                 for host, address, (_, result) in zip(hosts, addresses, tests)])

    def _test(self, address):
        done, results = self.probe.objects("test", address, check=False)
        expect(len(results) == 1, f"portreeve test {address}: {done.stdout}")
        return done.returncode, results[0]

    def repair(self):
        with self.story.step("The relay's admin repairs the configuration"):
            self.story.command(self.open, "postconf", "-e", f"mynetworks = {cast.LOCAL}")
            self.story.command(self.open, "postfix", "reload")
            self.open.change(mynetworks=cast.LOCAL)
            code = self.send(self.open.v4, "offers@access.example", "Cheaper watches")
            expect(code == 1, "the repaired relay still takes the stranger's mail")
            expect(self.probe.listed().issuperset(self.open.addresses),
                   "it was delisted before anybody asked or looked")

    def retest(self):
        with self.story.step("The admin asks for a retest, by mail from the host itself"):
            self.story.say("Each of its two addresses is on the list, so it asks from each.")
            for family, address in (("ipv4", self.open.v4), ("ipv6", self.open.v6)):
                self.open.change(smtp_address_preference=family)
                self.write_as("postmaster", f"retest@{DOMAIN}", f"Fixed ({family})", "Please look again.")
                wait_until(lambda: address not in self.probe.listed(),
                           f"{address} to be delisted", 120)
            self.operator("list")
            answer = self.open.wait_mail("postmaster", "Subject: ")
            self.story.say("The answer, in the postmaster's mailbox:")
            self.story.show(excerpt(answer[answer.index("Subject:"):], 16))

    def goes_through(self):
        with self.story.step("The same mail goes through"):
            for address in self.open.addresses:
                self.wait_dns(address, listed=False)
            self.write_as("alice", READER, "Dinner?", "Friday at eight?")
            mail = self.receiver.wait_mail("reader", "Dinner?")
            self.story.say("In the reader's mailbox:")
            self.story.show(mail[mail.index("From:"):])

    def isp_takes(self):
        with self.story.step("The provider takes it, too"):
            self.write_as("alice", ANN, "Lunch?", "Sunday at noon?")
            mail = self.isp.wait_mail(ANN, "Lunch?")
            self.story.say("In ann's mailbox:")
            self.story.show(mail[mail.index("From:"):])

    # -- the second act: the gateway -----------------------------------------

    def user_sends(self):
        with self.story.step("A user of the gateway logs in and sends"):
            self.laptop.copy(self.isp.path(CERTIFICATE), "/etc/isp.pem", mode=0o644)
            words = ["curl", "--silent", "--show-error", "--ssl-reqd", "--crlf", "--cacert", "/etc/isp.pem",
                     f"smtps://{self.isp.fqdn}", "--user", f"{ANN}:{cast.PASSWORD}",
                     "--mail-from", ANN, "--mail-rcpt", READER, "--upload-file", "-"]
            self.story.command(self.laptop, *words)
            self.laptop.run(*words, text=f"From: {ANN}\nTo: {READER}\nSubject: From the train\n\n"
                                         "I am late.\n")
            mail = self.receiver.wait_mail("reader", "From the train")
            self.story.say("Delivered by MX. In the reader's mailbox, with who it was and from where:")
            self.story.show(mail[mail.index("Received:"):])
            words = ["curl", *words[1:-6], "--mail-from", READER, "--mail-rcpt", READER, "--upload-file", "-"]
            self.story.say("In somebody else's name she may not:")
            done = self.laptop.run(*words, text=f"From: {READER}\n\nA lie.\n", check=False)
            self.story.show(done.stdout)
            expect(done.returncode, "ann could send in the reader's name")

    def stranger_tries(self):
        with self.story.step("A stranger tries every form of the catalogue"):
            forms = [form for form in self.probe.objects("explain")[1] if "form" in form]
            names = {"U": "reader", "S": "offers", "D": "reader.example", "T": "access.example",
                     "R": self.isp.fqdn, "M": self.isp.domains[0], "I": self.isp.v4,
                     "C": self.receiver.v4, "CL": self.receiver.v4}
            cases = [{"to": address, "source": source, "verb": "EHLO", "helo": self.spammer.fqdn,
                      "mail": filled(form["mail"], names), "rcpt": filled(form["rcpt"], names),
                      "encoding": "utf-8", "tls": form["starttls"],
                      "text": "Subject: Cheapest watches\n\nBuy now.\n"}
                     for form in forms for address, source in zip(self.isp.addresses, self.spammer.addresses)]
            done = self.spammer.run("say.py", text="\n".join(map(json.dumps, cases)), seconds=120)
            answers = [json.loads(line) for line in done.stdout.splitlines()]
            self.story.table(["form", "MAIL FROM", "RCPT TO", "answer"],
                             [[form["form"], case["mail"], case["rcpt"], f"{code} {text}"[:40]]
                              for form, case, (code, text) in [*zip(forms, cases[::2], answers[::2])][:12]])
            expect(len(answers) == len(cases), "not all were answered")
            taken = [case for case, (code, _) in zip(cases, answers) if code < 400]
            expect(not taken, f"the gateway took it: {taken}")
            self.story.say(f"… {len(forms)} forms by IPv4 and IPv6: {len(answers)} refusals.")
            expect(not self.isp.objects("queue", "list"), "something is in the gateway's queue")
            expect("Cheapest watches" not in self.receiver.mailbox("reader"), "something came through")

    def closed(self):
        with self.story.step("Our own tester says the same"):
            for address in self.isp.addresses:
                self.operator("permit", "add", address, "--consent", "range", "--by", WHO)
                self.story.command(self.probe, "portreeve", "test", address)
                code, result = self._test(address)
                self.verdicts[address] = (result["verdict"], result["output"])
                self.story.show(f"{address}: {result['verdict']}, {len(result['cases'])} forms")
                expect(code == 0, f"portreeve test {address}: exit {code}")

    def truth(self):
        """The table; gives the number of wrong verdicts."""
        rows, wrong = [], 0
        for host in [*self.relays, self.isp]:
            for address in host.addresses:
                verdict = self.verdicts[address][0]
                right = verdict == host.truth
                wrong += not right
                rows.append([host.fqdn, address, host.story, host.truth,
                             verdict if right else f"{verdict}  <- WRONG"])
        print()
        self.story.table(["host", "address", "how it is set up", "truth", "verdict"], rows)
        return wrong

    def run(self):
        for part in (self.spam_passes, self.nominate, self.prove, self.evidence, self.answers,
                     self.refusal, self.isp_refuses, self.others, self.repair, self.retest,
                     self.goes_through, self.isp_takes,
                     self.user_sends, self.stranger_tries, self.closed):
            part()
        return self.truth()


def reversed_name(address):
    """The name in the list's zone that stands for an address."""
    pointer = ipaddress.ip_address(address).reverse_pointer
    return f"{pointer.rpartition('.')[0].rpartition('.')[0]}.{ZONE}"


def filled(pattern, names):
    """A form of the catalogue with names in place of its letters."""
    return re.sub(r"\{([A-Z]+)\}", lambda letter: names[letter[1]], pattern)


def proof(result):
    """The cases of a test result that came back."""
    return ", ".join(case["id"] for case in result["cases"] if case["returned"])


def excerpt(text, lines):
    shown = text.strip().splitlines()
    rest = len(shown) - lines
    return "\n".join(shown[:lines] + ([f"… {rest} more lines"] if rest > 0 else []))


def main():
    as_root()
    if not BINARY.exists():
        sys.exit(f"{BINARY}: there is no such program; build it first (make)")
    story = Story("Portreeve: from a nomination to a delisting")
    demo = Demo(story)
    lab = demo.lab
    code = 1
    try:
        demo.come_up()
        wrong = demo.run()
        print(f"\n{wrong} wrong verdicts, {story.steps} steps, {story.seconds:.1f} s")
        code = 1 if wrong else 0
    except KeyboardInterrupt:
        print("\nstopped")
    except Exception as error:
        print(f"\nFAILED in step {story.steps}: {error}\n\n{lab.last_words()}")
    if os.environ.get("KEEP") == "1" and lab.space:
        lab.keep()
        print(lab.directions())
    else:
        lab.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
