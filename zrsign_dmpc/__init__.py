"""Threshold signatures as pure state machines: messages in, messages out, a result or a culprit."""
