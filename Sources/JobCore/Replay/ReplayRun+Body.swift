import Foundation

/// The stored form of a run: JSON, since only the driver of a replay ever looks into it.
struct ReplayBody: Codable {
    private struct Match: Codable {
        let path: [String]
        let value: String
    }

    private let ids: [String]
    private let group, queue, job, error, build: String?
    private let since, until: Int64?
    private let payload: [Match]
    private let limit: Int
    private let includesExpired: Bool
    private let rate: Double?
    private let care: ReplayCare
    private let actor: String
    private let reason: String?
    private let subject: String
    private let total: Int
    private let startedAt, cursor, countedTo, watchedFrom: Int64
    private let watchedAfter, replayed: Int
    private let skipped: [String: Int]
    private let hasMore: Bool
    private let nextDue: Double
    private let stoppedBecause: String?

    init(_ run: ReplayRun) {
        let selector = run.request.selector
        ids = selector.ids.map(\.description)
        group = selector.group
        queue = selector.queue
        job = selector.job
        error = selector.error
        build = selector.build
        since = selector.since?.instant?.milliseconds
        until = selector.until?.instant?.milliseconds
        payload = selector.payload.map { Match(path: $0.path, value: $0.value) }
        limit = selector.limit
        includesExpired = run.request.rules.includesExpired
        rate = run.request.rate
        care = run.request.care
        actor = run.request.actor
        reason = run.request.reason
        subject = run.request.subject
        total = run.total
        startedAt = run.startedAt.milliseconds
        cursor = run.cursor
        countedTo = run.countedTo
        watchedFrom = run.watchedFrom
        watchedAfter = run.watchedAfter
        replayed = run.progress.replayed
        skipped = run.progress.skipped
        hasMore = run.progress.hasMore
        nextDue = run.nextDue
        stoppedBecause = run.stoppedBecause
    }

    func run(_ operation: String, _ state: Operation.State) -> ReplayRun {
        var selector = Selector()
        selector.ids = ids.compactMap { JobID($0) }
        selector.group = group
        selector.queue = queue
        selector.job = job
        selector.error = error
        selector.build = build
        selector.since = since.map { .at(Timestamp(milliseconds: $0)) }
        selector.until = until.map { .at(Timestamp(milliseconds: $0)) }
        selector.payload = payload.map { PayloadMatch(path: $0.path, value: $0.value) }
        selector.limit = limit
        selector.isAll = selector.choosesNothing
        let request = ReplayRequest(
            selector: selector,
            rules: Replay.Rules(operation: operation, includesExpired: includesExpired),
            rate: rate,
            care: care,
            actor: actor,
            reason: reason,
            subject: subject
        )
        var run = ReplayRun(
            operation: operation,
            request: request,
            total: total,
            startedAt: Timestamp(milliseconds: startedAt),
            cursor: cursor,
            countedTo: countedTo,
            watchedFrom: watchedFrom,
            nextDue: nextDue
        )
        run.state = state
        run.watchedAfter = watchedAfter
        run.progress.replayed = replayed
        run.progress.skipped = skipped
        run.progress.hasMore = hasMore
        run.stoppedBecause = stoppedBecause
        return run
    }

    var bytes: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings, whole numbers and finite fractions: nothing that JSON cannot say.
        return (try? encoder.encode(self)).map { [UInt8]($0) } ?? []
    }

    init(_ bytes: [UInt8]) throws(StoreError) {
        do {
            self = try JSONDecoder().decode(ReplayBody.self, from: Data(bytes))
        } catch {
            throw .decoding("replays.body: \(error)")
        }
    }
}

extension Selector {
    /// The same choice, whenever it is read: moments before now become instants.
    func pinned(at now: Timestamp) -> Selector {
        func pin(_ moment: Moment?) -> Moment? {
            guard case .ago(let duration) = moment else { return moment }
            return .at(now.advanced(by: .zero - duration))
        }
        var pinned = self
        pinned.since = pin(since)
        pinned.until = pin(until)
        return pinned
    }
}

extension Selector.Moment {
    fileprivate var instant: Timestamp? {
        if case .at(let instant) = self { instant } else { nil }
    }
}
