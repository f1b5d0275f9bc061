import Embedded
import Testing

extension EmbeddedRoom {
    @Suite struct `Turn taking` {
        private let start = ContinuousClock.now

        @Test func `alone, a writer goes on at once`() {
            var turns = TurnTaking()
            #expect(turns.committed(at: start, someoneWaits: false, foreignCommit: false) == start)
        }

        @Test func `one who announced itself gets a rest after each commit`() {
            var turns = TurnTaking()
            let rested = turns.committed(at: start, someoneWaits: true, foreignCommit: false)
            #expect(rested == start + TurnTaking.rest)
        }

        @Test func `a stranger's commit makes the writer rest for a while`() {
            var turns = TurnTaking()
            let later = start + .seconds(1)
            let muchLater = start + .seconds(3)
            #expect(turns.committed(at: start, someoneWaits: false, foreignCommit: true) > start)
            #expect(turns.committed(at: later, someoneWaits: false, foreignCommit: false) > later)
            _ = turns.committed(at: muchLater, someoneWaits: false, foreignCommit: false)
            let again = muchLater + .milliseconds(5)
            #expect(turns.committed(at: again, someoneWaits: false, foreignCommit: false) == again)
        }

        @Test func `a long run rests for those who left no trace`() {
            var turns = TurnTaking()
            _ = turns.committed(at: start, someoneWaits: false, foreignCommit: false)
            let soon = start + .milliseconds(49)
            #expect(turns.committed(at: soon, someoneWaits: false, foreignCommit: false) == soon)
            let late = start + .milliseconds(50)
            #expect(turns.committed(at: late, someoneWaits: false, foreignCommit: false) == late + TurnTaking.rest)
        }
    }
}
