/// Who runs an attempt, as the store knows it. Every write of a run is fenced by it: a process that was stopped or cut off
/// while others took its jobs over finds its own tokens overtaken.
package struct RunToken: Sendable, Hashable {
    package let key: AttemptKey
    /// The process, as in start marks.
    package let worker: String
    /// 0 when the job was handed out for the first time; one more with each time it was handed out again.
    package let generation: Int

    package init(key: AttemptKey, worker: String, generation: Int) {
        self.key = key
        self.worker = worker
        self.generation = generation
    }
}
