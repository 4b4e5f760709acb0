"""One suite of tests a port, which every adapter of the port passes.

To run a suite on an adapter, subclass it in a test module and give the fixture it names:

    from fleetcore.testing.contracts.event_store import EventStoreContract

    class TestMyEventStore(EventStoreContract):
        @pytest.fixture
        def open_event_store(self, tmp_path):
            return lambda: MyEventStore(tmp_path)

Every call of what the fixture returns opens a handle on the same state, as another process
would see it. What an adapter only reads (`Source`, `VehicleDirectory`) has nothing to share:
there a call says what is to be read, and opens an adapter of its own.
"""
