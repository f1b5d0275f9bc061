import Foundation
import JobCore
import Testing

@testable import Admin

@Suite struct `A process that ran one attempt alone` {
    private func ending(
        status: Int32,
        answer: LoneAnswer? = nil,
        wasStopped: Bool = false,
        wasOutOfMemory: Bool = false
    ) throws -> LoneEnding {
        let data = try answer.map { try JSONEncoder().encode($0) }
        return LoneDeath(answer: data, status: status, wasStopped: wasStopped, wasOutOfMemory: wasOutOfMemory).ending
    }

    private func isDeath(_ ending: LoneEnding) -> Bool {
        if case .died = ending { true } else { false }
    }

    @Test(arguments: [SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS])
    func `that dies by a signal of its own making is to blame`(signal: Int32) throws {
        #expect(isDeath(try ending(status: signal)))
        #expect(isDeath(try ending(status: signal | 0x80)), "with a core dump")
    }

    @Test(arguments: [SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGQUIT])
    func `that somebody has ended is not`(signal: Int32) throws {
        #expect(!isDeath(try ending(status: signal)))
    }

    @Test func `that the kernel killed for memory is to blame`() throws {
        #expect(isDeath(try ending(status: SIGKILL, wasOutOfMemory: true)))
        #expect(!isDeath(try ending(status: SIGTERM, wasOutOfMemory: true)))
    }

    @Test func `that ended itself without a word is to blame, unless it could not begin`() throws {
        #expect(isDeath(try ending(status: 1 << 8)))
        #expect(isDeath(try ending(status: 0)))
        #expect(!isDeath(try ending(status: LoneProcess.couldNotBegin << 8)))
    }

    @Test func `that we have stopped is not to blame`() throws {
        for status in [SIGKILL, SIGABRT, 1 << 8] { #expect(!isDeath(try ending(status: status, wasStopped: true))) }
    }

    @Test func `that has answered is believed, whatever came then`() throws {
        #expect(try ending(status: SIGABRT, answer: .done, wasStopped: true) == .answered(.done))
    }
}
