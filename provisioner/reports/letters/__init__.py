"""Letters that go out: written from the record, numbered by hand, frozen, signed, sent."""
