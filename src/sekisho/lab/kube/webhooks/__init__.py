"""Webhooks that a cluster's administrators register for admission: which are asked, how, what they answer."""
