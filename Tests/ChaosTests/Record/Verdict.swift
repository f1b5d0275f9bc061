import JobCore

/// One row of `probe_effects`.
struct Effect: Sendable, Hashable {
    let id: JobID
    let attempt: Int
}

/// What was promised, held against what has happened.
struct Verdict: Sendable {
    private(set) var confirmed = 0
    private(set) var effects = 0
    /// Effects beyond the first of the same attempt: the price of at least once.
    private(set) var doubles = 0
    /// Probes whose enqueue went without an answer at least once.
    private(set) var unconfirmed = 0
    /// Confirmed, and without any effect.
    private(set) var lost: [JobID] = []
    /// Confirmed, and without the effect of the attempt that succeeds.
    private(set) var unfinished: [JobID] = []
    /// Attempts beyond the one that should have succeeded: somebody was charged for a kill.
    private(set) var burned = 0
    /// Effects of jobs that nobody has enqueued.
    private(set) var strangers = 0

    init(_ events: [History.Event], effects rows: [Effect]) {
        var lastAttempts: [JobID: Int] = [:]
        var confirmedIDs: Set<JobID> = []
        var unconfirmedIDs: Set<JobID> = []
        for event in events {
            switch event {
            case .attempted(let id, let lastAttempt): lastAttempts[id] = lastAttempt
            case .confirmed(let id): confirmedIDs.insert(id)
            case .unconfirmed(let id): unconfirmedIDs.insert(id)
            }
        }
        var attempts: [JobID: Set<Int>] = [:]
        for row in rows {
            guard let lastAttempt = lastAttempts[row.id] else {
                strangers += 1
                continue
            }
            let isFirst = attempts[row.id, default: []].insert(row.attempt).inserted
            if !isFirst { doubles += 1 }
            if isFirst, row.attempt > lastAttempt { burned += 1 }
        }
        confirmed = confirmedIDs.count
        unconfirmed = unconfirmedIDs.count
        effects = rows.count
        lost = confirmedIDs.filter { attempts[$0] == nil }.sorted { $0.description < $1.description }
        unfinished = confirmedIDs.filter { id in
            !(attempts[id] ?? []).contains { $0 >= lastAttempts[id, default: 1] }
        }.sorted { $0.description < $1.description }
    }
}
