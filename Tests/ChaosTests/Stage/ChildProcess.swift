import Foundation
import Synchronization

/// A process started by a test, with its output in a file. Its end can be awaited; ending it is the caller's decision.
final class ChildProcess: Sendable {
    enum Ending: Sendable, Equatable {
        case status(Int32)
        case signal(Int32)
    }

    private struct State {
        var ending: Ending?
        var waiters: [CheckedContinuation<Ending, Never>] = []
    }

    let pid: pid_t
    private let process: Process
    private let state = Mutex(State())

    /// - Parameters:
    ///   - environment: the whole of it; nothing of the test's own is handed on.
    ///   - output: a file for standard output and, unless `errors` names another, standard error; both are appended to.
    init(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String],
        output: String,
        errors: String? = nil
    ) throws {
        let process = Process()
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        let outputHandle = try ChildProcess.appending(output)
        process.standardOutput = outputHandle
        let errorHandle = try errors.map(ChildProcess.appending)
        process.standardError = errorHandle ?? outputHandle
        self.process = process
        // The handler may come before `run` returns, and needs only the state, never the half-made self.
        let endings = Endings()
        process.terminationHandler = { endings.finish($0) }
        try process.run()
        // The child has its own: kept until Foundation lets go of the process, thousands of verbs would use up ours.
        try outputHandle.close()
        try errorHandle?.close()
        pid = process.processIdentifier
        endings.forward { [weak self] ending in self?.end(ending) }
    }

    var ending: Ending? { state.withLock { $0.ending } }
    var isRunning: Bool { ending == nil }

    /// Returns at once when the process has ended before.
    @discardableResult
    func ended() async -> Ending {
        await withCheckedContinuation { continuation in
            let ending = state.withLock { state in
                if state.ending == nil { state.waiters.append(continuation) }
                return state.ending
            }
            if let ending { continuation.resume(returning: ending) }
        }
    }

    /// False when the process had ended already: its number may be another's by now.
    @discardableResult
    func signal(_ number: Int32) -> Bool {
        state.withLock { state in
            guard state.ending == nil else { return false }
            return Foundation.kill(pid, number) == 0
        }
    }

    /// Whether the signal would reach code of its own: between its birth and the first lines of its `main` it ends by it.
    func handles(_ number: Int32) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        return status.split(separator: "\n").contains { line in
            guard line.hasPrefix("SigCgt:") || line.hasPrefix("SigIgn:") else { return false }
            let mask = line.split(whereSeparator: \.isWhitespace).last.flatMap { UInt64($0, radix: 16) } ?? 0
            return mask & (1 << UInt64(number - 1)) != 0
        }
    }

    private func end(_ ending: Ending) {
        let waiters = state.withLock { state in
            state.ending = ending
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: ending) }
    }

    private static func appending(_ path: String) throws -> FileHandle {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StageError("cannot write \(path): \(String(cString: strerror(errno)))") }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}

/// Carries the ending from the termination handler to the child, whichever is there first.
private final class Endings: Sendable {
    private struct State {
        var ending: ChildProcess.Ending?
        var receiver: (@Sendable (ChildProcess.Ending) -> Void)?
    }

    private let state = Mutex(State())

    func finish(_ process: Process) {
        let status = process.terminationStatus
        let ending: ChildProcess.Ending = process.terminationReason == .exit ? .status(status) : .signal(status)
        let receiver = state.withLock { state in
            state.ending = ending
            return state.receiver
        }
        receiver?(ending)
    }

    func forward(to receiver: @escaping @Sendable (ChildProcess.Ending) -> Void) {
        let ending = state.withLock { state in
            state.receiver = receiver
            return state.ending
        }
        if let ending { receiver(ending) }
    }
}

/// What keeps a test from taking place at all.
struct StageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
