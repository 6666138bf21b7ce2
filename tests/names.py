# SPDX-License-Identifier: ISC
"""A name server on loopback for one test: what it says is a function of the question.

The function gets the name, lower-case and without the last dot, and the type ("A"), and gives the
records' texts, [] if the name has none of the type, a dns.rcode, or None for silence.
"""

import socketserver
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer:
    """`asked` holds the questions, [(name, type)]; `address` is HOST:PORT."""

    def __init__(self, answer):
        self.asked = []
        names = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                data, sock = self.request
                reply = names.reply(dns.message.from_wire(data), answer)
                if reply:
                    sock.sendto(reply.to_wire(), self.client_address)

        self.server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def reply(self, query, answer):
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        found = answer(name, kind)
        if found is None:
            return None
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if isinstance(found, dns.rcode.Rcode):
            reply.set_rcode(found)
        elif found:
            reply.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, found))
        return reply

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class NameTable(NameServer):
    """Answers from `records`, {(name, type): texts, or what the function may give}. A name of which
    there is none does not exist."""

    def __init__(self, records):
        self.records = records
        super().__init__(self.look_up)

    def look_up(self, name, kind):
        if (name, kind) in self.records:
            return self.records[name, kind]
        return [] if any(of == name for of, _ in self.records) else dns.rcode.NXDOMAIN
