"""What happens: the commands that create, plan, book and bill.

See ARCHITECTURE.md: booking is the one way into the agenda, loading the one way to the facts, planning the night.
"""
