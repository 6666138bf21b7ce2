"""The ground truth: every peer is what the tests say it is.

Found without Portreeve: a few plain dialogues (lab/send.py), and a server that
notes what arrives (lab/sink.py).  Whatever these forms do not open may still be
opened by another; whatever they open is open.
"""

from concurrent.futures import ThreadPoolExecutor

from conftest import PEERS, Witness
from lab.wait import wait_until

FORMS = {
    "E01": ("stranger@stranger.example", "{token}@{destination}"),
    "E06": ("stranger@{host}", "{token}@{destination}"),
    "E14": ("stranger@stranger.example", "{token}%{destination}@{host}"),
}


def token_of(peer, form):
    return f"t{PEERS.index(peer)}-{form.lower()}"


def speak(lab, peer, form):
    """One dialogue between a stranger and the peer."""
    sender, recipient = (text.format(host=peer.host.fqdn, token=token_of(peer, form),
                                     destination=Witness.DOMAIN) for text in FORMS[form])
    return lab.witness.run("send.py", peer.address, "--from", sender, "--to", recipient, check=False)


def arrived(lab):
    """{token: the peer that brought it}"""
    return {recipient.strip("<>").partition("@")[0]: who for who, recipient in lab.witness.taken()}


def test_every_peer_is_what_it_is_said_to_be(lab):
    asked = [(peer, form) for peer in PEERS for form in FORMS]
    with ThreadPoolExecutor(8) as pool:
        dialogues = list(pool.map(lambda probe: speak(lab, *probe), asked))
    for (peer, form), dialogue in zip(asked, dialogues):
        assert dialogue.returncode in (0, 1), (str(peer), form, dialogue.stdout)

    def missing():
        came = arrived(lab)
        return [(str(peer), peer.form) for peer in PEERS
                if peer.form and token_of(peer, peer.form) not in came]

    wait_until(lambda: not missing(), lambda: f"the mail of {missing()}")

    came = arrived(lab)
    for peer in PEERS:
        forms = [form for form in FORMS if token_of(peer, form) in came]
        assert bool(forms) == (peer.form is not None), (str(peer), forms)


def test_a_multihop_relay_delivers_through_its_output(lab):
    """The ground of "input and output": the peer that brings the mail is another."""
    hosts = {peer.host.name: peer.host for peer in PEERS}
    came = arrived(lab)
    for peer in PEERS:
        if peer.host.name == "input":
            assert came[token_of(peer, "E01")] in hosts["output"].addresses
