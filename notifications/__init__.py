"""What leaves: mail, calendar invitations and webhooks, sent from the outbox table.

Nothing is here yet, because nothing is stored yet that could be announced. It will know `models` and
not `scheduler`: the two meet in the outbox.
"""
