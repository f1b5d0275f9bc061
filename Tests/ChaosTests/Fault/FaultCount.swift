/// What was killed, and how full the queues were each time.
struct FaultCount: Sendable {
    var worker = 0
    var scheduler = 0
    var producer = 0
    var broker = 0
    var postgres = 0
    /// Ready jobs at each kill: those running come on top.
    var readyAtKills: [Int] = []
    /// From a worker's death until others can have its jobs.
    var takeOvers: [Duration] = []

    static func + (left: FaultCount, right: FaultCount) -> FaultCount {
        FaultCount(
            worker: left.worker + right.worker,
            scheduler: left.scheduler + right.scheduler,
            producer: left.producer + right.producer,
            broker: left.broker + right.broker,
            postgres: left.postgres + right.postgres,
            readyAtKills: left.readyAtKills + right.readyAtKills,
            takeOvers: left.takeOvers + right.takeOvers
        )
    }
}
