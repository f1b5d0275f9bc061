import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// `queues --watch` on a real terminal of 80 by 24, without colour, with keys pressed.
    @Suite(.serialized, .timeLimit(.minutes(15))) struct `A terminal` {
        @Test(arguments: Ground.profiles)
        func `shows the queues live, follows the keys, and is given back as it was`(_ profile: Profile) async throws {
            let ground = try await Ground.prepare(profile, "watch", adding: ["NO_COLOR": "1"])
            let client = JobClient(broker: ground.platform.broker, store: ground.platform.store)
            for result in await client.enqueue(all: (0..<7).map { _ in SystemProbe() }) { _ = try result.get() }
            let terminal = try Tmux(ground)
            defer { terminal.end() }
            try await terminal.run(
                "\(Ground.jobctl) queues --watch; echo ended $?; stty -a | tr ' ;' '\\n\\n' | grep -x -e echo -e -echo"
            )
            try await terminal.shows("seven are ready") { screen in
                screen.count == 24 && screen.allSatisfy { $0.count <= 80 }
                    && screen.contains { $0.hasPrefix("system ") && $0.contains("  7 ") && $0.contains("no_workers") }
                    && screen[23] == "↑↓ choose   Enter look into it   q end"
            }
            // It is alive: what changes is seen without a key.
            for result in await client.enqueue(all: [SystemProbe()]) { _ = try result.get() }
            try await terminal.shows("eight are ready") { screen in
                screen.contains { $0.hasPrefix("system ") && $0.contains("  8 ") }
            }
            let lane = try #require(try await terminal.screen().firstIndex { $0.hasPrefix("system ") })
            let first = try #require(try await terminal.screen().firstIndex { $0.hasPrefix("QUEUE") })
            for _ in 0..<(lane - first - 1) { try await terminal.press("Down") }
            try await terminal.press("Enter")
            try await terminal.shows("its inside") { screen in
                screen[1].hasPrefix("system  no_workers")
                    && screen.contains("nobody serves it: jobctl work --queues system")
            }
            try await terminal.press("Escape")
            try await terminal.shows("the list again") { $0[1].hasPrefix("QUEUE") }
            try await terminal.press("q")
            try await terminal.shows("the shell, with its echo") { $0.contains("ended 0") && $0.contains("echo") }

            // The same after a signal from elsewhere.
            try await terminal.run(
                "clear; \(Ground.jobctl) queues --watch; echo ended $?; stty -a | tr ' ;' '\\n\\n' | grep -x -e echo -e -echo"
            )
            try await terminal.shows("the view") { $0[23].hasPrefix("↑↓ choose") }
            let pid = try #require(try await terminal.child())
            #expect(kill(pid, SIGTERM) == 0)
            try await terminal.shows("the shell again") { $0.contains("ended 0") && $0.contains("echo") }
            await ground.platform.close()
        }

        @Test(arguments: Ground.profiles)
        func `piped it is plain lines, one a lane`(_ profile: Profile) async throws {
            let ground = try await Ground.prepare(profile, "watch-piped")
            let path = "\(ground.folder)/lines"
            let watch = try ground.start(["queues", "--watch"], log: "watch", output: path)
            func lines() -> [String] {
                ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
            }
            try await until("two rounds") { lines().count { $0.contains(" system.high ready=0 ") } >= 2 }
            #expect(lines().allSatisfy { !$0.contains("\u{1B}") && $0.contains(" lag=") })
            watch.signal(SIGTERM)
            await watch.ended()
            await ground.platform.close()
        }
    }
}

/// A terminal of 80 by 24 with a shell in it.
private struct Tmux {
    private let socket: String
    private let environment: [String: String]

    init(_ ground: Ground) throws {
        socket = "\(ground.folder)/tmux"
        environment = ground.environment.merging([
            "TERM": "xterm", "LC_ALL": "C.UTF-8", "PS1": "$ ", "HISTFILE": "",
        ]) { $1 }
        // Its server stays, with whatever descriptors it inherits: by one of them `Process` would wait for its end.
        let server = Process()
        server.executableURL = URL(filePath: "/bin/bash")
        let start = """
            for file in /proc/$BASHPID/fd/*; do file=${file##*/}; if ((file > 2)); then eval "exec $file>&-"; fi; done
            exec "$@"
            """
        server.arguments =
            ["-c", start, "start", Tmux.program, "-S", socket]
            + ["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "/bin/sh"]
        server.environment = environment
        server.standardInput = FileHandle.nullDevice
        server.standardOutput = FileHandle.nullDevice
        server.standardError = FileHandle.nullDevice
        try server.run()
        server.waitUntilExit()
        guard server.terminationStatus == 0 else { throw StageError("tmux does not start") }
    }

    private static let program = "/usr/bin/tmux"

    private func command(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: Tmux.program)
        process.arguments = ["-S", socket] + arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw StageError("tmux \(arguments.last ?? "") failed") }
        return text
    }

    func run(_ line: String) async throws {
        _ = try command(["send-keys", "-l", line])
        _ = try command(["send-keys", "Enter"])
    }

    func press(_ key: String) async throws { _ = try command(["send-keys", key]) }

    func screen() async throws -> [String] {
        var lines = try command(["capture-pane", "-p"]).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    func shows(_ what: String, _ condition: @escaping ([String]) -> Bool) async throws {
        do {
            try await until(what, within: .seconds(20)) { condition(try await screen()) }
        } catch {
            let seen = try await screen().joined(separator: "\n")
            throw StageError("the terminal never showed: \(what)\n\(seen)")
        }
    }

    /// The program that runs in the shell.
    func child() async throws -> pid_t? {
        let shell = try command(["display-message", "-p", "#{pane_pid}"]).trimmingCharacters(
            in: .whitespacesAndNewlines
        )
        let children = try String(contentsOfFile: "/proc/\(shell)/task/\(shell)/children", encoding: .utf8)
        return children.split(separator: " ").first.flatMap { pid_t($0) }
    }

    func end() { _ = try? command(["kill-server"]) }
}
