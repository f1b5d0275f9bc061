/// A selector as SQL conditions over one table, every value a named parameter. The texts are few: statements stay
/// prepared.
struct SelectorClause {
    enum Table { case letters, waiting }

    private(set) var conditions: [String] = []
    private(set) var parameters: SQLParameters = [:]

    init(_ selector: Selector, over table: Table) {
        let isLetters = table == .letters
        chooseIDs(selector.ids, column: isLetters ? "job_id" : "id")
        chooseQueue(selector.queue)
        if let job = selector.job { add("job = :job", "job", .text(job)) }
        if let error = selector.error {
            if isLetters {
                add("error_type = :error", "error", .text(error))
            } else {
                add("last_error like :error escape '!'", "error", .text(SelectorClause.likePrefix("\(error):")))
            }
        }
        if isLetters {
            if let group = selector.group { add("fingerprint = :group_key", "group_key", .text(group)) }
            if let build = selector.build { add("build = :build", "build", .text(build)) }
        }
        let time = isLetters ? "failed_at" : "enqueued_at"
        bound(time, ">=", selector.since, name: "since")
        bound(time, "<", selector.until, name: "until")
    }

    /// Adds a condition with one parameter.
    mutating func add(_ condition: String, _ name: String, _ value: SQLValue) {
        conditions.append(condition)
        parameters[name] = value
    }

    mutating func add(_ condition: String) {
        conditions.append(condition)
    }

    /// A value for a name that stands outside the conditions.
    mutating func bind(_ name: String, _ value: SQLValue) {
        parameters[name] = value
    }

    var text: String { conditions.isEmpty ? "1 = 1" : conditions.joined(separator: " and ") }

    /// Lists of 1, 10, 100 or 1000 names, the last id repeated: four texts instead of a thousand.
    private mutating func chooseIDs(_ ids: [JobID], column: String) {
        guard let last = ids.last else { return }
        let size = [1, 10, 100].first { $0 >= ids.count } ?? Selector.maximumIDs
        var names: [String] = []
        for position in 0..<size {
            names.append(":id_\(position)")
            parameters["id_\(position)"] = .id(position < ids.count ? ids[position] : last)
        }
        conditions.append("\(column) in (\(names.joined(separator: ", ")))")
    }

    /// Queue names have no dot, so a dot begins a lane.
    private mutating func chooseQueue(_ name: String?) {
        guard let name else { return }
        if let dot = name.lastIndex(of: "."), let lane = Lane(rawValue: String(name[name.index(after: dot)...])) {
            add("queue = :queue", "queue", .text(String(name[..<dot])))
            add("lane = :lane", "lane", .text(lane.rawValue))
        } else {
            add("queue = :queue", "queue", .text(name))
        }
    }

    private mutating func bound(_ column: String, _ sign: String, _ moment: Selector.Moment?, name: String) {
        switch moment {
        case nil: break
        case .at(let instant): add("\(column) \(sign) :\(name)", name, .instant(instant))
        case .ago(let duration):
            add("\(column) \(sign) (select now_ms()) - :\(name)", name, .int(duration.milliseconds))
        }
    }

    private static func likePrefix(_ text: String) -> String {
        text.reduce(into: "") { pattern, character in
            if ["!", "%", "_"].contains(character) { pattern.append("!") }
            pattern.append(character)
        } + "%"
    }
}
