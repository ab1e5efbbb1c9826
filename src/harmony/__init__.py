"""The open implementation of the HARMONY Alliance's Big Data Platform."""

__version__ = "0.1.0"
