"""What leaves: webhooks today, mail and calendar invitations later, sent from the outbox table.

It knows `models` and not `scheduler`: the two meet in the outbox. What it has to ask of the other side
(who may hear of something, what a sealed secret is) is handed to it by `api`.

- `egress`: the one way out, which never leads to an internal address.
- `delivering`: at least once, by the table of domain §6, whoever is killed.
- `webhooks`: what is sent to receivers, and how they know that it is ours.
"""
