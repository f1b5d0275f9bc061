import Foundation
import JobCore

/// The daemons of a campaign, each started again when it ends, as an orchestrator would.
actor Crew {
    enum Role: String, Sendable { case worker, scheduler }

    private struct Member {
        let role: Role
        var child: ChildProcess?
        var task: Task<Void, any Error>?
    }

    private let ground: Ground
    private var members: [Member] = []
    private var isOpen = true
    /// Daemons that ended by themselves, as they may when broker or store are down while they start.
    private(set) var ownExits = 0
    /// The longest life of one that ended so: a daemon at work has no reason to end.
    private(set) var longestLife: Duration = .zero
    /// Daemons that ended by a signal nobody here has sent.
    private(set) var crashes: [Int32] = []
    private var killed: Set<pid_t> = []
    /// When each of all that ever ran lived, ms since 1970: in a long run the system gives process numbers again.
    private(set) var history: [pid_t: [ClosedRange<Int64>]] = [:]

    init(_ ground: Ground) {
        self.ground = ground
    }

    func hire(workers: Int, schedulers: Int) {
        for role in Array(repeating: Role.worker, count: workers) + Array(repeating: Role.scheduler, count: schedulers)
        {
            let index = members.count
            members.append(Member(role: role))
            members[index].task = Task { try await self.keepAlive(index) }
        }
    }

    private func keepAlive(_ index: Int) async throws {
        let role = members[index].role
        let arguments = role == .worker ? ["work", "--no-loops", "--queues", "system"] : ["scheduler"]
        while isOpen {
            let child = try ground.start(arguments, log: "\(role.rawValue)-\(index)")
            members[index].child = child
            let start = ContinuousClock.now
            let (lives, born) = (history[child.pid] ?? [], Timestamp.now().milliseconds)
            history[child.pid] = lives + [born...Int64.max]
            let ending = await child.ended()
            history[child.pid] = lives + [born...Timestamp.now().milliseconds]
            guard isOpen else { return }
            switch ending {
            case .signal where killed.contains(child.pid): continue
            case .signal(let number): crashes.append(number)
            case .status:
                ownExits += 1
                longestLife = max(longestLife, ContinuousClock.now - start)
            }
            try await Task.sleep(for: .milliseconds(300))
        }
    }

    /// The process number of one of them, chosen at random among those that run; nil when none does.
    func someone(_ role: Role, using random: inout SeededRandom) -> pid_t? {
        members.filter { $0.role == role }.compactMap(\.child).filter(\.isRunning).randomElement(using: &random)?.pid
    }

    /// Process numbers of those that run.
    var pids: [pid_t] { members.compactMap(\.child).filter(\.isRunning).map(\.pid) }

    /// False when it had ended already.
    func kill(_ pid: pid_t) -> Bool {
        guard let child = members.compactMap(\.child).first(where: { $0.pid == pid }) else { return false }
        killed.insert(pid)
        return child.signal(SIGKILL)
    }

    /// SIGTERM for all, for those that were only just started when they can hear it; how each ended. Whoever is still
    /// there after 40 s is killed.
    func dismiss() async throws -> [ChildProcess.Ending] {
        isOpen = false
        let children = members.compactMap(\.child).filter(\.isRunning)
        for child in children {
            try await until("it minds SIGTERM") { !child.isRunning || child.handles(SIGTERM) }
            child.signal(SIGTERM)
        }
        let impatience = Task {
            try await Task.sleep(for: .seconds(40))
            for child in children { child.signal(SIGKILL) }
        }
        var endings: [ChildProcess.Ending] = []
        for child in children { endings.append(await child.ended()) }
        impatience.cancel()
        return endings
    }
}
