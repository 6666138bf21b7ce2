"""The lab: a small Internet on one machine, with real mail servers on it.

Everything lives in namespaces of its own (mounts, network, processes), so the
machine's own mail is never touched and nothing can leave.  See README.md.
"""
