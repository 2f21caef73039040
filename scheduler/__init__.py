"""What happens: the commands that create, plan, book and bill.

So far only `demo` is here, a made-up health service to plan. The commands come with the database.
"""
