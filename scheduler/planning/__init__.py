"""The night: open requests planned together, booked, explained; safe to kill and to start twice. Domain §4."""
