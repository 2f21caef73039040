"""Names as the file has them, from numbers as they are counted here."""

region, location, practitioner = "R{:02}".format, "L{:03}".format, "P{:04}".format
employee, stranger = "W{:06}".format, "X{:05}".format
availability, existing, request = "A{:06}".format, "E{:06}".format, "Q{:06}".format
