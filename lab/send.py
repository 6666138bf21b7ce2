#!/usr/bin/python3
"""Send one message straight to a server and print the dialogue.

    send.py SERVER --from SENDER --to RECIPIENT [--helo NAME] < message

The sender and the recipient are sent as they are given, so this speaks any
envelope form.  Exit: 0 the server took the message, 1 it refused, 2 there
was no dialogue.
"""

import argparse
import smtplib
import sys


class Shown(smtplib.SMTP):
    """A client that prints what both sides say."""

    def putcmd(self, cmd, args=""):
        print("  C:", f"{cmd} {args}".strip())
        super().putcmd(cmd, args)

    def getreply(self):
        code, text = super().getreply()
        lines = text.decode(errors="replace").splitlines() or [""]
        more = f" (and {len(lines) - 1} lines more)" if lines[1:] else ""
        print(f"  S: {code} {lines[0]}{more}")
        return code, text


def send(server, port, helo, sender, recipient, message):
    """One dialogue; gives the code of the last reply to the mail itself."""
    with Shown(server, port, local_hostname=helo, timeout=30) as client:
        client.ehlo_or_helo_if_needed()
        for command in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>"):
            code, _ = client.docmd(command)
            if code >= 300:
                return code
        return client.data(message)[0]


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("server")
    options.add_argument("--port", type=int, default=25)
    options.add_argument("--from", dest="sender", default="")
    options.add_argument("--to", dest="recipient", required=True)
    options.add_argument("--helo", help="default: this host's name")
    given = options.parse_args()
    message = sys.stdin.read() or "Subject: hello\n\nhello\n"
    try:
        code = send(given.server, given.port, given.helo, given.sender, given.recipient, message)
    except smtplib.SMTPResponseException as refusal:
        code = refusal.smtp_code
    except (OSError, smtplib.SMTPException) as error:
        print("  --", error)
        return 2
    return 0 if code < 300 else 1


if __name__ == "__main__":
    sys.exit(main())
