import Foundation
import Testing

@testable import JobCore

@Suite struct `A payload's seal` {
    private static let first = Data((0..<32).map { UInt8($0) }).base64EncodedString()
    private static let second = Data((32..<64).map { UInt8($0) }).base64EncodedString()
    private let payload = Array(#"{"to":"ana@example.com"}"#.utf8)
    private let seal: PayloadSeal

    init() throws {
        seal = try PayloadSeal(file: "# of November\n\n\(Self.first)\n")
    }

    @Test func `opens to the same bytes, and is another one each time`() throws {
        let (one, two) = (try seal.seal(payload, of: "a"), try seal.seal(payload, of: "a"))
        #expect(one != two)
        #expect(one.count == payload.count + 41)
        #expect(try PayloadSeal.open(one, of: "a", with: seal) == payload)
        #expect(try PayloadSeal.open(two, of: "a", with: seal) == payload)
        #expect(try PayloadSeal.open(try seal.seal([], of: "a"), of: "a", with: seal) == [])
    }

    @Test func `opens for no other job`() throws {
        let sealed = try seal.seal(payload, of: "a")
        #expect(throws: StoreError.self) { try PayloadSeal.open(sealed, of: "b", with: seal) }
    }

    @Test func `does not open when a single byte is changed`() throws {
        let sealed = try seal.seal(payload, of: "a")
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            let opened = try? PayloadSeal.open(changed, of: "a", with: seal)
            // Without its mark it is a payload that was never sealed, and what it holds stays illegible.
            #expect(opened == nil || (index < 5 && opened == changed), "byte \(index)")
        }
        for length in 0..<sealed.count {
            let cut = Array(sealed.prefix(length))
            let opened = try? PayloadSeal.open(cut, of: "a", with: seal)
            #expect(opened == nil || opened == cut, "cut to \(length)")
        }
    }

    @Test func `names the key it wants`() throws {
        let sealed = try seal.seal(payload, of: "a")
        let name = try #require(seal.names.first)
        for other in [nil, try PayloadSeal(file: Self.second)] {
            let error = #expect(throws: StoreError.self) { try PayloadSeal.open(sealed, of: "a", with: other) }
            #expect(error?.label == "data_key_missing")
            #expect("\(error as Any)".contains(name))
        }
        let rotated = try PayloadSeal(file: "\(Self.second)\n\(Self.first)")
        #expect(rotated.names == [try PayloadSeal(file: Self.second).names[0], name])
        #expect(try PayloadSeal.open(sealed, of: "a", with: rotated) == payload)
    }

    @Test(arguments: ["", "# nothing", "short", "AAAA", String(repeating: "A", count: 88)])
    func `takes no file without whole keys`(_ text: String) {
        #expect(throws: PayloadSeal.Mistake.self) { try PayloadSeal(file: text) }
    }
}
