import Foundation
import Testing

@testable import JobCore

@Suite struct `Payload coding` {
    struct Everything: Job, Equatable {
        static let name: JobName = "test.everything"
        var venueID: Int64
        var imageURL: String?
        var photoIDs: [Int]?
        var displayName: String?
        var variables: [String: String]?
        var at: Date?
    }

    @Test func `keys are in snake case, acronyms too`() throws {
        let json = #"{"display_name":"n","image_url":"u","venue_id":1}"#
        let job = try PayloadCoding.decode(Everything.self, from: Array(json.utf8))
        #expect(job == Everything(venueID: 1, imageURL: "u", displayName: "n"))
        #expect(String(decoding: try PayloadCoding.encode(job), as: UTF8.self) == json)
    }

    @Test func `a plural acronym is one word`() throws {
        let json = #"{"photo_ids":[1,2],"venue_id":1}"#
        let job = try PayloadCoding.decode(Everything.self, from: Array(json.utf8))
        #expect(job.photoIDs == [1, 2])
        #expect(String(decoding: try PayloadCoding.encode(job), as: UTF8.self) == json)
    }

    struct Spelt: Job, Equatable {
        static let name: JobName = "test.spelt"
        var imageURLText = "a"
        var htmlBody = "b"
        var line2Text = "c"
        var venueIDsSeen = "d"
        var plain = "e"
    }

    @Test func `words and acronyms are told apart, both ways`() throws {
        let bytes = try PayloadCoding.encode(Spelt())
        let json = #"{"html_body":"b","image_url_text":"a","line2_text":"c","plain":"e","venue_ids_seen":"d"}"#
        #expect(String(decoding: bytes, as: UTF8.self) == json)
        #expect(try PayloadCoding.decode(Spelt.self, from: bytes) == Spelt())
    }

    @Test func `the keys of a dictionary are data and stay`() throws {
        let json = #"{"variables":{"app_url":"u","venueName":"v"},"venue_id":1}"#
        let job = try PayloadCoding.decode(Everything.self, from: Array(json.utf8))
        #expect(job.variables == ["app_url": "u", "venueName": "v"])
        #expect(String(decoding: try PayloadCoding.encode(job), as: UTF8.self) == json)
    }

    @Test(arguments: ["2026-11-22T19:30:00Z", "2026-11-22T19:30:00.000Z", "2026-11-22T16:30:00-03:00"])
    func `instants are RFC 3339, with or without a fraction`(text: String) throws {
        let json = #"{"at":"\#(text)","venue_id":1}"#
        let job = try PayloadCoding.decode(Everything.self, from: Array(json.utf8))
        #expect(job.at == Date(timeIntervalSince1970: 1_795_375_800))
    }

    @Test func `a bad payload says where, and never what`() {
        let error = #expect(throws: Malformed.self) {
            try PayloadCoding.decode(Everything.self, from: Array(#"{"venue_id":"secret"}"#.utf8))
        }
        #expect(error?.message.contains("venueID") == true || error?.message.contains("venue_id") == true)
        #expect(error?.message.contains("secret") == false)
    }
}
