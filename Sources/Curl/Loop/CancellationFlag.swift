import Synchronization

/// Set by the caller's task from any thread, read by the loop's thread also while libcurl blocks inside a call.
final class CancellationFlag: Sendable {
    private let flag = Atomic(false)

    var isSet: Bool { flag.load(ordering: .relaxed) }

    func set() { flag.store(true, ordering: .relaxed) }
}
