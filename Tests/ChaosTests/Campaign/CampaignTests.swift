import Admin
import Foundation
import JobCore
import Testing

extension Chaos {
    @Suite(.serialized) struct `Kill campaign` {
        @Test(.timeLimit(.minutes(60)), arguments: Ground.profiles)
        func `kill -9 of anything loses no confirmed job and blames nobody`(_ profile: Profile) async throws {
            let plan = CampaignPlan.chosen
            let ground = try await Ground.prepare(profile, "campaign")
            let report: CampaignReport
            do {
                report = try await Campaign(ground: ground, plan: plan).run()
            } catch {
                print("kept: logs and history of the broken campaign are in \(Undertaker.shared.keepFolder())")
                throw error
            }
            print(report)
            if !report.holds {
                print("kept: logs and history of the failed campaign are in \(Undertaker.shared.keepFolder())")
            }
            await ground.platform.close()

            #expect(report.verdict.lost.count == 0, "such as \(report.verdict.lost.prefix(5))")
            #expect(report.verdict.unfinished.count == 0, "such as \(report.verdict.unfinished.prefix(5))")
            #expect(report.verdict.confirmed >= plan.probes)
            #expect(report.verdict.strangers == 0)
            #expect(report.verdict.burned == 0, "attempts were charged for kills")
            #expect(report.dead == 0)
            #expect(report.isDrained && report.left == 0)
            #expect(report.crashes.isEmpty && report.badEndings.isEmpty)

            #expect(report.faults.worker == plan.workerKills && report.faults.scheduler == plan.schedulerKills)
            #expect(profile == .cluster || report.faults.producer == plan.producerKills)
            #expect(profile == .embedded || report.faults.broker == plan.brokerKills)
            #expect(profile == .embedded || report.faults.postgres == plan.postgresKills)
            #expect(report.faults.readyAtKills.allSatisfy { $0 > Nemesis.leastReady })
            #expect(report.faults.takeOvers.count * 2 >= plan.workerKills, "too few take-overs were seen")
        }
    }
}
