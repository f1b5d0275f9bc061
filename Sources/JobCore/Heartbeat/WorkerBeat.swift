import Foundation

package enum WorkerState: String, Sendable, Codable, CaseIterable {
    case up, draining, gone
}

/// What a process says of itself at each heartbeat.
package struct WorkerBeat: Sendable, Equatable {
    package struct Running: Sendable, Equatable, Codable {
        package let id: String
        package let job: String
        package let ageSeconds: Double
        /// 0…1, where the worker says it.
        package var progress: Double?
    }

    package let id: String
    package let host: String
    package let pid: Int
    package let build: String
    package let queues: [String]
    /// The longest-running, at most 50.
    package let running: [Running]
    /// All that run, by lane.
    package let runningCounts: [String: Int]
    package let held: HeldDeliveries
    package let state: WorkerState

    package init(
        id: String,
        build: String,
        queues: [String],
        running: [Running],
        runningCounts: [String: Int] = [:],
        held: HeldDeliveries = HeldDeliveries(),
        state: WorkerState
    ) {
        self.id = id
        self.host = ProcessInfo.processInfo.hostName
        self.pid = Int(ProcessInfo.processInfo.processIdentifier)
        self.build = build
        self.queues = queues
        self.running = running
        self.runningCounts = runningCounts
        self.held = held
        self.state = state
    }
}

/// A process as the `workers` table shows it.
package struct WorkerRecord: Sendable, Equatable {
    package let id: String
    package let host: String
    package let pid: Int
    package let build: String
    package let queues: [String]
    package let running: [WorkerBeat.Running]
    /// Jobs that run, by lane.
    package let runningCounts: [String: Int]
    package var held = HeldDeliveries()
    package let heartbeatAge: Duration
    /// It did not say goodbye.
    package var isLost = false
    /// `gone` as well when the last heartbeat is older than 15 s.
    package let state: WorkerState
}
