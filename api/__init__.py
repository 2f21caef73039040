"""Who asks: the ways in. They know everything below them and decide nothing.

So far only the command line (`cli`). The HTTP routes come with the database; none of them will load
OR-Tools, because solving runs in a child process or a worker that is started by name.
"""
