import JobCore

/// `system,notifications_*`: which queues a process serves.
struct QueuePattern: Sendable, Equatable {
    private let patterns: [String]?

    init(_ text: String?) {
        patterns = text.map { $0.split(separator: ",").map(String.init) }
    }

    /// Nil means every queue. A pattern that matches none is a mistake, with the names there are.
    func names(in manifest: Manifest) throws(CommandFailure) -> Set<String>? {
        guard let patterns else { return nil }
        var chosen: Set<String> = []
        for pattern in patterns {
            let matching = manifest.queues.keys.filter { QueuePattern.matches(pattern[...], $0[...]) }
            guard !matching.isEmpty else {
                let known = manifest.queues.keys.sorted().joined(separator: ", ")
                throw .usage("no queue matches \(pattern)", remedy: "queues of this manifest: \(known)")
            }
            chosen.formUnion(matching)
        }
        return chosen
    }

    private static func matches(_ pattern: Substring, _ name: Substring) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "*" {
            return matches(pattern.dropFirst(), name) || (!name.isEmpty && matches(pattern, name.dropFirst()))
        }
        return name.first == first && matches(pattern.dropFirst(), name.dropFirst())
    }
}
