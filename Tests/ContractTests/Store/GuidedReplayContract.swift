import JobCore
import Testing

extension Contract {
    /// Replays that feel their way, change hands, stop and go on.
    @Suite(.timeLimit(.minutes(5))) struct `Guided replays` {
        private func request(
            _ selector: Selector = .of {
                $0.isAll = true
                $0.limit = 0
            },
            rate: Double? = nil,
            care: ReplayCare = ReplayCare()
        ) -> ReplayRequest {
            ReplayRequest(
                selector: selector,
                rules: Replay.Rules(operation: "op"),
                rate: rate,
                care: care,
                actor: "ana",
                reason: "mended",
                subject: "everything"
            )
        }

        private static let canary = ReplayCare(stages: [.letters(1), .letters(5), .letters(20)], abortAbove: 0.05)

        @Test(arguments: Profile.underTest)
        func `a canary goes from stage to stage, stops at failures and goes on when it is told to`(
            profile: Profile
        ) async throws {
            try await World.with(profile) { world in
                try await world.store.bury((0..<40).map { .alpha(number: $0) })
                let begun = try await world.store.beginReplay(request(care: Self.canary), by: "me")
                #expect(begun.run.progress.replayed == 1)
                #expect(try await step(world) == .waits(begun.run, for: .canary(letters: 1)))
                try await end(world, .done)
                #expect(try await step(world).run.progress.replayed == 5)
                try await end(world, .done)
                #expect(try await step(world).run.progress.replayed == 20)
                try await end(world, .done, count: 13)
                try await end(world, .dead, count: 1)
                try await end(world, .retry, count: 1)
                let stopped = try await step(world)
                #expect(stopped.run.stoppedBecause == "2 of 20 failed again: 10 %, more than 5.0 %")
                let outcomes = try await world.store.replayOutcomes("op")
                #expect(outcomes == ReplayOutcomes(done: 18, deadAgain: 1, retrying: 1))
                let record = try #require(try await world.store.operation("op"))
                #expect(record.state == .stopped && String(decoding: record.detail, as: UTF8.self).contains("2 of 20"))
                #expect(try await world.store.runningReplays().isEmpty)

                let resumed = try await world.store.resumeReplay("op", actor: "rui", reason: nil)
                #expect(resumed.run.state == .running)
                let again = try await step(world)
                #expect(again.run.progress.replayed == 21, "what failed before is forgiven; the canary begins anew")
                #expect(try await step(world) == .waits(again.run, for: .canary(letters: 1)))
                try await end(world, .done)
                #expect(try await step(world).run.progress.replayed == 25)
                try await end(world, .done)
                let last = try await drive(world)
                #expect(last.state == .done && last.progress.replayed == 40)
                #expect(try await openLetters(world) == 1, "the letter of the job that died again is not replayed")
            }
        }

        @Test(arguments: Profile.underTest)
        func `a stop takes back what is not due, and a resume replays each letter once`(
            profile: Profile
        ) async throws {
            try await World.with(profile) { world in
                let ids = (0..<900).map { _ in JobID() }
                var past = Envelope.alpha(ids[500])
                past.expiresAt = Timestamp(milliseconds: 1)
                try await world.store.bury(ids.filter { $0 != past.id }.map { .alpha($0) })
                try await world.store.bury([
                    DeadLetter(
                        past,
                        at: QueueAddress("alpha"),
                        failure: Failure("late", "550"),
                        build: "b",
                        worker: "w"
                    )
                ])
                let moved = try await world.store.replay(request(rate: 10))
                #expect(moved.replayed == 899 && moved.skipped == ["expired": 1])
                let stopped = try await world.store.stopReplay("op", actor: "rui", reason: "wrong group")
                let waiting = try await world.waiting(.of { $0.limit = 0 }).count
                #expect(waiting + stopped.takenBack == 899)
                #expect(stopped.takenBack > 600)
                #expect(try await openLetters(world) == 900 - waiting)
                await #expect(throws: ReplayRefusal.notRunning(.stopped)) {
                    try await world.store.stopReplay("op", actor: "rui", reason: nil)
                }
                _ = try await world.store.resumeReplay("op", actor: "rui", reason: nil)
                let end = try await drive(world)
                #expect(end.progress.replayed == 899)
                #expect(end.progress.skipped == ["expired": 1], "what was looked at twice is counted once")
                let again = try await world.waiting(.of { $0.limit = 0 })
                #expect(Set(again.map(\.id)).count == 899)
                let last = try #require(again.map(\.dueAt).max())
                #expect(last.duration(since: .now()) < .seconds(100), "the rate begins anew")
            }
        }

        @Test(arguments: Profile.underTest)
        func `one leads at a time, and one that goes away is followed`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await world.store.bury((0..<1600).map { .alpha(number: $0) })
                let begun = try await world.store.beginReplay(request(), by: "laptop")
                #expect(begun.run.progress.replayed == 500)
                #expect(try await world.store.stepReplay("op", by: "loops") == .elsewhere(begun.run))
                try await world.store.leaveReplay("op", by: "laptop")
                #expect(try await world.store.stepReplay("op", by: "loops")?.run.progress.replayed == 1000)
                let laptop = try #require(try await world.store.stepReplay("op", by: "laptop"))
                #expect(laptop == .elsewhere(laptop.run))
                // The loops die; their claim ends.
                try await sql(world, "update replays set claimed_until = 1")
                let last = try await drive(world, by: "laptop")
                #expect(last.progress.replayed == 1600)
                #expect(try await world.store.stepReplay("other", by: "laptop") == nil)
            }
        }

        @Test(arguments: Profile.underTest)
        func `an undo ends a running replay`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await world.store.bury((0..<700).map { .alpha(number: $0) })
                _ = try await world.store.beginReplay(request(), by: "me")
                let (result, _) = try await world.store.undo("op", actor: "ana", reason: nil)
                #expect(result == UndoResult(undone: 500, kept: 0))
                #expect(try await step(world).run.state == .stopped)
                #expect(try await openLetters(world) == 700)
            }
        }

        // MARK: helpers

        private enum Ending { case done, dead, retry }

        private func step(_ world: World) async throws -> ReplayTurn {
            try #require(try await world.store.stepReplay("op", by: "me"))
        }

        private func drive(_ world: World, by driver: String = "me") async throws -> ReplayRun {
            while true {
                let turn = try #require(try await world.store.stepReplay("op", by: driver))
                switch turn {
                case .moved: continue
                case .ended(let run): return run
                case .waits, .elsewhere:
                    // Whatever holds it up has a good outcome.
                    try await end(world, .done)
                }
            }
        }

        /// Lets waiting replayed jobs run and end.
        private func end(_ world: World, _ ending: Ending, count: Int = .max) async throws {
            let waiting = try await world.waiting(.of { $0.limit = 0 }).filter { $0.reason == "replay" }.prefix(count)
            for job in waiting { try await sql(world, "delete from waiting where id = '\(job.id)'") }
            switch ending {
            case .done:
                try await world.store.settle(
                    waiting.map { .record($0.id, origin: "replay:op", ending: .done, runTime: .zero) }
                )
            case .retry: _ = try await world.store.wait(waiting.map { .alpha($0.id, reason: .retry) })
            case .dead:
                try await world.store.bury(
                    waiting.map { job in
                        var envelope = Envelope.alpha(job.id, attempt: 5)
                        envelope.carried[HeaderName.replayOperation] = .string("op")
                        return DeadLetter(
                            envelope,
                            at: QueueAddress("alpha"),
                            failure: Failure("smtp_rejected", "550"),
                            build: "b2",
                            worker: "w"
                        )
                    }
                )
            }
        }

        private func openLetters(_ world: World) async throws -> Int {
            try await world.store.countLetters(
                .of {
                    $0.isAll = true
                    $0.limit = 0
                }
            )
        }

        private func sql(_ world: World, _ text: String) async throws {
            try await world.store.driver.write { session throws(StoreError) in try session.execute(text) }
        }
    }
}
