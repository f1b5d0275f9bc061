import Foundation
import Testing

@testable import JobCore

/// The page and the code say the same, in both directions.
@Suite struct `The documented life of a job` {
    private let page: LifecyclePage
    private static let now = Timestamp(milliseconds: 1_795_356_000_000)
    private static let policy = RetryPolicy(maximumAttempts: 3)

    init() throws {
        page = try LifecyclePage()
    }

    @Test func `names every way an attempt can end, and no other`() throws {
        #expect(Set(try page.names("results")) == Set(AttemptEnding.allCases.map(\.rawValue)))
        for ending in AttemptEnding.allCases { #expect(AttemptEnding(ending.sample) == ending) }
    }

    @Test(arguments: AttemptEnding.allCases)
    func `says what the code decides`(ending: AttemptEnding) throws {
        let row = try #require(try page.table("results").first { LifecyclePage.code($0[0]) == [ending.rawValue] })
        #expect(LifecyclePage.code(row[2]) == [words(Self.early(ending), after: 1)], "with attempts left")
        #expect(LifecyclePage.code(row[3]) == [words(Self.late(ending), after: 3)], "at the limit")
    }

    @Test func `has one arrow from running for each disposition`() throws {
        let decided = try page.table("arrows").filter { CodePlace($0[4])?.file == "JobCore/Pool/Disposition.swift" }
        let arrows = decided.map { LifecyclePage.Arrow(row: $0) }
        let reached = Set(AttemptEnding.allCases.flatMap { [arrow(Self.early($0)), arrow(Self.late($0))] })
        #expect(Set(arrows) == reached)
        #expect(arrows.count == reached.count)
    }

    @Test func `draws the arrows of its table`() throws {
        let rows = try page.table("arrows").map { LifecyclePage.Arrow(row: $0) }
        #expect(Set(page.picture) == Set(rows))
        #expect(page.picture.count == rows.count)
    }

    @Test func `leads from place to place and leaves none out`() throws {
        let places = Set(try page.names("places"))
        let arrows = page.picture
        #expect(Set(arrows.flatMap { [$0.from, $0.to] }) == places)
        let states = Set(try page.names("letter states"))
        for arrow in try page.table("letter arrows").map({ LifecyclePage.Arrow(row: $0) }) {
            #expect(states.union(["new"]).contains(arrow.from) && states.contains(arrow.to), "\(arrow)")
        }
    }

    @Test(arguments: ["arrows", "letter arrows"])
    func `has code behind each arrow`(table: String) throws {
        for row in try page.table(table) {
            let place = try #require(row.last.flatMap { CodePlace($0) }, "\(row) names no code")
            #expect(place.exists, "\(place.file) has no \"\(place.text)\"")
        }
    }

    @Test func `names every reason to wait, and who writes it`() throws {
        #expect(Set(try page.names("reasons")) == Set(WaitingReason.allCases.map(\.rawValue)))
        var written: Set<String> = []
        for row in try page.table("reasons") where row[1] != "not yet" {
            let place = try #require(CodePlace(row[1]), "\(row) names no code")
            #expect(place.exists, "\(place.file) has no \"\(place.text)\"")
            written.formUnion(LifecyclePage.code(row[0]))
        }
        for ending in AttemptEnding.allCases {
            guard case .wait(_, let reason, _, _) = Self.early(ending) else { continue }
            #expect(written.contains(reason.rawValue))
            if case .limit = Self.early(ending) { #expect(written.contains(WaitingReason.limit.rawValue)) }
        }
    }

    @Test func `names every state of letters and workers, and every refusal of a replay`() throws {
        #expect(Set(try page.names("letter states")) == Set(LetterState.allCases.map(\.rawValue)))
        #expect(Set(try page.names("worker states")) == Set(WorkerState.allCases.map(\.rawValue)))
        #expect(Set(try page.names("refusals")) == Set(Replay.Refusal.allCases.map(\.rawValue)))
    }
}

extension `The documented life of a job` {
    /// With attempts left; an unknown type is met for the first time.
    fileprivate static func early(_ ending: AttemptEnding) -> Disposition {
        decide(ending, attempt: 1, carried: [:])
    }

    /// On the last attempt; an unknown type's grace is over.
    fileprivate static func late(_ ending: AttemptEnding) -> Disposition {
        let since = now.advanced(by: .zero - Disposition.unknownGrace)
        return decide(ending, attempt: 3, carried: [HeaderName.unknownSince: .int(since.milliseconds)])
    }

    private static func decide(_ ending: AttemptEnding, attempt: Int, carried: Headers) -> Disposition {
        let envelope = Envelope(
            id: JobID(),
            job: "system.probe",
            payload: [],
            attempt: attempt,
            enqueuedAt: now,
            readyAt: now,
            carried: carried
        )
        return .of(ending.sample, envelope: envelope, policy: policy, now: now, random: .max / 2)
    }

    /// As the page writes it.
    fileprivate func words(_ disposition: Disposition, after attempt: Int) -> String {
        switch disposition {
        case .acknowledge: "acknowledge"
        case .wait(_, let reason, let next, _): "wait \(reason.rawValue) +\(next - attempt)"
        case .admit: "admit"
        case .bury(let failure):
            "bury " + (AttemptEnding.ownLabels.contains(failure.label) ? "label" : failure.label)
        case .giveBack: "giveBack"
        case .withdraw: "withdraw"
        case .park: "park"
        case .limit: "limit"
        case .shed: "shed"
        }
    }

    fileprivate func arrow(_ disposition: Disposition) -> LifecyclePage.Arrow {
        switch disposition {
        case .acknowledge: LifecyclePage.Arrow(from: "running", name: "acknowledge", to: "done")
        case .wait: LifecyclePage.Arrow(from: "running", name: "wait", to: "waiting")
        case .admit: LifecyclePage.Arrow(from: "running", name: "admit", to: "waiting")
        case .bury: LifecyclePage.Arrow(from: "running", name: "bury", to: "dead")
        case .giveBack: LifecyclePage.Arrow(from: "running", name: "giveBack", to: "ready")
        case .withdraw: LifecyclePage.Arrow(from: "running", name: "withdraw", to: "cancelled")
        case .park: LifecyclePage.Arrow(from: "running", name: "park", to: "waiting")
        case .limit: LifecyclePage.Arrow(from: "running", name: "limit", to: "waiting")
        case .shed: LifecyclePage.Arrow(from: "running", name: "shed", to: "cancelled")
        }
    }
}
