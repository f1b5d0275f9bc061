import JobCore

/// Ids that were asked for and have no open letter.
struct UnmetIDs {
    var settled: [String: Int] = [:]
    var unknown = 0
}

/// What `dead replay` prints.
struct ReplayAnswer {
    let progress: ReplayProgress
    let operation: String?
    let reasons: [(key: String, value: Int)]
    let skipped: Int
    let failed: Int
    let isDry: Bool
    let isLeft: Bool
    let state: JobCore.Operation.State?
    let stoppedBecause: String?
    var outcomes: ReplayOutcomes?

    init(_ progress: ReplayProgress, _ unmet: UnmetIDs, isDry: Bool) {
        self.init(progress, unmet, nil, isDry: isDry, isLeft: false)
    }

    init(_ run: ReplayRun, _ unmet: UnmetIDs, isLeft: Bool = false) {
        self.init(run.progress, unmet, run, isDry: false, isLeft: isLeft)
    }

    private init(_ progress: ReplayProgress, _ unmet: UnmetIDs, _ run: ReplayRun?, isDry: Bool, isLeft: Bool) {
        self.progress = progress
        self.isDry = isDry
        self.isLeft = isLeft
        operation = progress.replayed == 0 ? nil : run?.operation
        state = run?.state
        stoppedBecause = run?.stoppedBecause
        var reasons = progress.skipped.merging(unmet.settled, uniquingKeysWith: +)
        skipped = reasons.values.reduce(0, +)
        failed = unmet.unknown
        if failed > 0 { reasons["not_found"] = failed }
        self.reasons = reasons.sorted { $0.key < $1.key }
    }

    var json: JSONValue {
        [
            "operation": .string(operation), "replayed": .int(progress.replayed), "skipped": .int(skipped),
            "failed": .int(failed), "reasons": .object(reasons.map { ($0.key, .int($0.value)) }),
            "dry_run": .bool(isDry), "more": .bool(progress.hasMore), "state": .string(state?.rawValue),
            "stopped_because": .string(stoppedBecause), "outcomes": outcomes?.json ?? .null,
        ]
    }
}

extension ReplayOutcomes {
    var words: String {
        "\(done) done, \(deadAgain) dead again, \(retrying) failed and retrying, \(underWay) under way"
    }

    var json: JSONValue {
        [
            "done": .int(done), "dead_again": .int(deadAgain), "retrying": .int(retrying), "under_way": .int(underWay),
        ]
    }
}
