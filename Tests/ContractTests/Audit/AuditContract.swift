import Foundation
import JobCore
import Testing

extension Contract {
    @Suite(.timeLimit(.minutes(5))) struct `The audit` {
        private func write(_ world: World, _ count: Int) async throws {
            for number in 0..<count {
                try await world.store.record(
                    Operation(kind: "queue.pause", subject: "mail \(number)", actor: "ana", reason: "provider down")
                )
            }
        }

        private func sql(_ world: World, _ text: String) async throws {
            try await world.store.driver.write { session throws(StoreError) in try session.execute(text) }
        }

        private func faults(_ world: World, _ heads: Set<AuditHead> = []) async throws -> [AuditFault] {
            try await world.store.verifyAudit(against: heads).faults
        }

        @Test(arguments: Profile.underTest)
        func `the beginning and the end of a change are links, and a whole chain has no faults`(
            profile: Profile
        ) async throws {
            try await World.with(profile) { world in
                #expect(try await world.store.auditHead() == nil)
                #expect(try await faults(world) == [])
                let running = Operation(id: "op", kind: "dead.purge", subject: "--all", actor: "ana", state: .running)
                for state in [Operation.State.running, .running, .done] {
                    try await world.store.record(
                        Operation(id: "op", kind: running.kind, subject: "--all", actor: "ana", state: state)
                    )
                }
                try await write(world, 3)
                let entries = try await world.store.audit(limit: 10)
                #expect(entries.map(\.seq) == [5, 4, 3, 2, 1])
                #expect(entries.suffix(2).map(\.state) == ["done", "running"])
                let report = try await world.store.verifyAudit(against: [])
                #expect(report.faults == [] && report.entries == 5)
                #expect(report.head == AuditHead(seq: 5, hash: entries[0].hash))
                #expect(AuditHead(report.head?.text ?? "") == report.head)
            }
        }

        @Test(arguments: Profile.underTest)
        func `twenty writers at once make one line`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<20 { group.addTask { try await write(world, 15) } }
                    try await group.waitForAll()
                }
                let report = try await world.store.verifyAudit(against: [])
                #expect(report.entries == 300 && report.head?.seq == 300 && report.faults == [])
            }
        }

        @Test(arguments: Profile.underTest)
        func `an edit, a deletion and a cut tail are found`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await write(world, 10)
                let head = try #require(try await world.store.auditHead())
                let sixth = try await world.store.audit(limit: 10)[4]

                try await sql(world, "update audit set actor = 'eve' where seq = 4")
                #expect(try await faults(world).contains(.changed(4)))
                try await sql(world, "update audit set actor = 'ana' where seq = 4")
                #expect(try await faults(world) == [])

                try await sql(world, "update operations set reason = 'none' where id = '\(sixth.operationID)'")
                #expect(try await faults(world) == [.operationChanged(sixth.operationID)])
                try await sql(world, "delete from operations where id = '\(sixth.operationID)'")
                #expect(try await faults(world) == [.operationMissing(sixth.operationID)])

                try await sql(world, "delete from audit where seq = 6")
                #expect(try await faults(world).contains(.missing(from: 6, through: 6)))

                try await sql(world, "delete from audit where seq > 8")
                #expect(try await faults(world).contains(.cutAfter(8, known: 10)), "the head's row knows")
                let eighth = try await world.store.audit(limit: 1)[0]
                try await sql(world, "update audit_head set seq = 8, hash = '\(eighth.hash)'")
                #expect(try await !faults(world).contains(.cutAfter(8, known: 10)), "nothing inside knows any more")
                #expect(try await faults(world, [head]).contains(.cutAfter(8, known: 10)), "the head outside does")
            }
        }

        @Test(arguments: Profile.underTest)
        func `a chain made anew does not agree with a head from outside`(profile: Profile) async throws {
            try await World.with(profile) { world in
                try await write(world, 3)
                let head = try #require(try await world.store.auditHead())
                try await sql(world, "delete from audit")
                try await sql(world, "delete from operations")
                try await sql(world, "update audit_head set seq = 0, hash = ''")
                try await write(world, 5)
                #expect(try await faults(world) == [])
                #expect(try await faults(world, [head]) == [.rewritten(3)])
            }
        }
    }
}
