"""The booking API: who asks over HTTP. It decides nothing; every route says by which right, and what it puts on record."""
