import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    /// What an operator does with a mountain of dead letters, each verb as a process of its own.
    @Suite(.serialized, .timeLimit(.minutes(60))) struct `Dead letters at scale` {
        private static let count = Ground.isFull ? 1_000_000 : 20_000
        private static let memoryLimit: Int64 = 150 << 20

        @Test(arguments: Ground.profiles)
        func `are looked at in a second, replayed with care, stopped, resumed elsewhere and brought back`(
            _ profile: Profile
        ) async throws {
            let ground = try await Ground.prepare(profile, "letters")
            let mountain = LetterMountain(ground: ground, count: Self.count)
            try await mountain.pile()
            let shell = OperatorShell(ground: ground)
            func say(_ text: String) { print("letters \(profile.rawValue): \(text)") }

            let groups = try await shell.run("dead", "groups", "--json")
            let list = try await shell.run("dead", "list", "--json")
            #expect(groups.list.count == LetterMountain.causes && list.list.count == 100)
            #expect(groups.list.first?["count"] as? Int == mountain.ofEachCause)
            say("\(Self.count) letters: groups \(groups.took), list \(list.took)")
            #expect(groups.took < .seconds(1) && list.took < .seconds(1))

            let worker = try ground.start(["work", "--no-loops", "--queues", "system"], log: "worker")
            var scheduler = try ground.start(["scheduler"], log: "scheduler")

            // A repair that has not mended it: the canary finds out.
            let canary = try await shell.run(
                list: ["dead", "replay", "--group", LetterMountain.badCause, "--limit", "0", "--yes", "--json"]
                    + ["--canary", "1,5,20,100", "--abort-if-fail", "5%", "--reason", "templates deployed"]
            )
            #expect(canary.status == 1 && canary.error.contains("replay_stopped"))
            #expect(canary.object["replayed"] as? Int == 20, "the stage of twenty met what is still bad")
            let bad = try #require(canary.object["operation"] as? String)
            let because = canary.object["stopped_because"] as? String ?? "nothing"
            say(
                "canary stopped at 20 of \(mountain.ofEachCause): \(because), after \(canary.took), \(canary.peak >> 20) MB"
            )

            // Begun on a laptop that is closed, stopped by one colleague and resumed by another; whoever leads it dies.
            let begun = try await shell.run(
                list: ["dead", "replay", "--group", LetterMountain.mendedCause, "--limit", "0", "--yes", "--json"]
                    + ["--abort-if-fail", "5%", "--rate", "\(mountain.ofEachCause / 5)/s", "--detach"]
            )
            let operation = try #require(begun.object["operation"] as? String)
            try await until("some have been replayed") { try await shell.replayed(operation) > 0 }
            let stopped = try await shell.elsewhere.run("operation", "stop", operation, "--json", "--reason", "lunch")
            let after = try await shell.replayed(operation)
            #expect(stopped.status == 0 && after < mountain.ofEachCause)
            scheduler.signal(SIGKILL)
            await scheduler.ended()
            scheduler = try ground.start(["scheduler"], log: "scheduler-2")
            try await until("the loops are up") {
                try await ground.platform.store.runningReplays().isEmpty && scheduler.isRunning
            }
            #expect(try await shell.replayed(operation) == after, "what is stopped stays stopped")
            _ = try await shell.run("operation", "resume", operation, "--json", "--reason", "back")
            try await until("all are done", within: .seconds(300)) {
                try await shell.outcomes(operation)["done"] == mountain.ofEachCause
            }
            #expect(try await shell.outcomes(operation).values.reduce(0, +) == mountain.ofEachCause)
            say("stopped at \(after) of \(mountain.ofEachCause), resumed elsewhere, all done once")
            for child in [worker, scheduler] { child.signal(SIGTERM) }
            for child in [worker, scheduler] { await child.ended() }

            // Led by the shell alone: its memory does not grow with the group.
            let whole = try await shell.run(
                list: ["dead", "replay", "--group", "0000000000000002", "--limit", "0", "--yes", "--json"]
            )
            #expect(whole.object["replayed"] as? Int == mountain.ofEachCause)
            #expect(whole.peak < Self.memoryLimit)
            say("replay of \(mountain.ofEachCause): \(whole.took), \(whole.peak >> 20) MB")

            let open = try await shell.open()
            let purge = try await shell.run(
                list: ["dead", "purge", "--all", "--limit", "0", "--yes", "--json", "--reason", "wrong button"]
            )
            #expect(purge.object["purged"] as? Int == open)
            #expect(try await shell.open() == 0)
            let purged = try #require(purge.object["operation"] as? String)
            let undo = try await shell.elsewhere.run("operation", "undo", purged, "--yes", "--json")
            #expect(undo.object["undone"] as? Int == open)
            #expect(try await shell.open() == open)
            #expect(purge.peak < Self.memoryLimit && undo.peak < Self.memoryLimit)
            say("purge of \(open): \(purge.took), \(purge.peak >> 20) MB; undo \(undo.took), \(undo.peak >> 20) MB")

            let audit = try await shell.run("audit", "verify", "--json")
            #expect(audit.status == 0 && audit.object["ok"] as? Bool == true)
            #expect(try await shell.run("operation", "show", bad, "--json").object["state"] as? String == "stopped")
            await ground.platform.close()
        }
    }
}
