/// Polls until the condition holds. What the platform does is seen through its own tables and queues, which nobody can
/// subscribe to from outside; an error counts as not yet.
func until(
    _ what: String,
    within deadline: Duration = .seconds(60),
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + deadline
    var last: (any Error)?
    while ContinuousClock.now < end {
        do {
            if try await condition() { return }
        } catch {
            last = error
        }
        try await Task.sleep(for: .milliseconds(20))
    }
    throw StageError("not within \(deadline): \(what)\(last.map { " (\($0))" } ?? "")")
}
