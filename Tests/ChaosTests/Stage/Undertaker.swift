import Foundation

/// Ends what a test run has started when the run itself ends, however it ends: a shell that waits for the end of its
/// input, which only this process holds, and then kills every process that carries the run's mark.
final class Undertaker: Sendable {
    /// In the environment of every process of this run.
    static let mark = "JOBS_CHAOS_RUN"
    /// Shared by all tests of the process.
    static let shared = Undertaker()

    let run = UUID().uuidString
    /// Everything the run writes is below it; removed at the end, unless a campaign has failed.
    let folder: String
    private let lifeline = Pipe()

    private static let script = """
        trap '' INT TERM HUP
        while read -r line; do
            case $line in keep) keep=1 ;; esac
        done
        for folder in /proc/[0-9]*; do
            if grep -qzxF "$1=$2" "$folder/environ" 2>/dev/null; then kill -KILL "${folder#/proc/}"; fi
        done
        for nodes in "$3"/nodes "$3"/cluster/*; do
            if [ -d "$nodes" ]; then "$4" remove "$nodes"; fi
        done
        if [ -z "${keep:-}" ]; then rm -rf "$3"; fi
        """

    private init() {
        folder = NSTemporaryDirectory() + "jobs-chaos-\(run.prefix(8))"
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/bash")
        shell.arguments = ["-c", Undertaker.script, "undertaker", Undertaker.mark, run, folder, Ground.nodesScript]
        shell.standardInput = lifeline
        shell.standardOutput = FileHandle.nullDevice
        shell.standardError = FileHandle.nullDevice
        // No child of ours may hold the pipe open.
        _ = fcntl(lifeline.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try shell.run()
        } catch {
            fatalError("cannot start the shell that cleans up after the tests: \(error)")
        }
    }

    /// Logs and histories of the run stay, in the folder answered, for whoever looks into a failure.
    func keepFolder() -> String {
        try? lifeline.fileHandleForWriting.write(contentsOf: Data("keep\n".utf8))
        return folder
    }
}
