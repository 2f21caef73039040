"""What is: the tables and the values in them (people, places, requests, appointments, money).

Nothing is here yet. The first version plans from files, which need no database; the tables come with
saving, and will import nothing of ours.
"""
