import Testing

@testable import JobCore

@Suite struct `Selector of letters and jobs` {
    @Test func `a limit or a cursor alone chooses nothing`() {
        var selector = Selector()
        #expect(selector.choosesNothing)
        selector.limit = 5
        selector.after = "1"
        #expect(selector.choosesNothing)
    }

    @Test func `each condition chooses something`() {
        let changes: [(inout Selector) -> Void] = [
            { $0.isAll = true }, { $0.ids = [JobID()] }, { $0.group = "f" }, { $0.queue = "q" }, { $0.job = "a.b" },
            { $0.error = "e" }, { $0.build = "b" }, { $0.since = .ago(.seconds(1)) }, { $0.until = .at(.now()) },
            { $0.payload = [PayloadMatch(path: ["a"], value: "1")] },
        ]
        for change in changes {
            var selector = Selector()
            change(&selector)
            #expect(!selector.choosesNothing)
            #expect(
                SelectorClause(selector, over: .letters).conditions.count
                    == (selector.isAll || !selector.payload.isEmpty ? 0 : 1)
            )
        }
    }

    @Test func `zero is no limit`() {
        var selector = Selector()
        selector.limit = 0
        #expect(selector.maximumCount == .max)
    }

    @Test(arguments: [1, 2, 10, 11, 100, 101, 1000])
    func `lists of ids have few texts`(count: Int) {
        var selector = Selector()
        selector.ids = (0..<count).map { _ in JobID() }
        let clause = SelectorClause(selector, over: .waiting)
        let bound = clause.parameters.values.count
        #expect([1, 10, 100, 1000].contains(bound))
        #expect(Set(clause.parameters.values.values).count == count)
    }

    @Test func `a queue may name its lane, and text is no pattern`() {
        var selector = Selector()
        selector.queue = "mail.high"
        selector.error = "50%_off!"
        let parameters = SelectorClause(selector, over: .waiting).parameters
        #expect(parameters["queue"] == .text("mail"))
        #expect(parameters["lane"] == .text("high"))
        #expect(parameters["error"] == .text("50!%!_off!!:%"))
    }
}
