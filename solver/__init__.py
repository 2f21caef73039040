"""What may be: the rules of eligibility, the planning of many requests together, and the reasons.

Nothing here knows a database, a web framework or a queue. The data goes one way:

    files / loader  ->  facts  ->  candidates  ->  pipeline (child process)  ->  check  ->  why_not

`facts` says what a rule may speak of; `rules` is the table of contents of what is allowed.
"""
