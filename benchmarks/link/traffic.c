// The traffic source of the link benchmark, and the receive loop that marks the physical limit.
//
// Python does the handshake and prepares every datagram beforehand; this file only moves bytes, so
// that the source is never what is measured. Built with `cc -O2 -shared -fPIC` and called by ctypes.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 32, DATAGRAM = 2048, HEAD = 8, ACK = 0xD1, DATA = 0xD0, ALIVE = 0xE0, ALIVE_ACK = 0xE1, CLOSE = 0xF0 };

struct report {
    uint64_t sent;          // datagrams, first transmissions
    uint64_t retransmitted; // datagrams sent again
    uint64_t dropped;       // first transmissions withheld to play loss
    uint64_t acks;          // ACK datagrams received
    uint64_t acked;         // data datagrams acknowledged
    uint64_t nanoseconds;   // from the first transmission to the last acknowledgement
};

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint32_t random_next(uint64_t *state) { // splitmix64
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}

struct state {
    int fd;
    uint8_t channel;
    uint16_t first_index;
    size_t lowest, next; // [lowest, next) are in flight or acknowledged
    uint8_t *acked;
    struct report *report;
    int closed;
};

static void acknowledge(struct state *s, uint16_t index) {
    // Indices wrap at 65536; the window is far smaller, so the nearest one is meant.
    size_t base = s->lowest;
    uint16_t base_index = (uint16_t)(s->first_index + base);
    size_t position = base + (uint16_t)(index - base_index);
    if (position >= s->next || s->acked[position]) return;
    s->acked[position] = 1;
    s->report->acked++;
    while (s->lowest < s->next && s->acked[s->lowest]) s->lowest++;
}

static void receive(struct state *s) {
    uint8_t bytes[BATCH][DATAGRAM];
    struct iovec io[BATCH];
    struct mmsghdr messages[BATCH];
    for (;;) {
        memset(messages, 0, sizeof messages);
        for (int i = 0; i < BATCH; i++) {
            io[i] = (struct iovec){bytes[i], DATAGRAM};
            messages[i].msg_hdr.msg_iov = &io[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        int count = recvmmsg(s->fd, messages, BATCH, MSG_DONTWAIT, NULL);
        if (count <= 0) return;
        for (int i = 0; i < count; i++) {
            uint8_t *d = bytes[i];
            size_t length = messages[i].msg_len;
            if (length < 4 || d[0] != 0xF1) continue;
            if (d[1] == ALIVE) {
                uint8_t answer[4] = {0xF1, ALIVE_ACK, 0, 0};
                send(s->fd, answer, 4, MSG_DONTWAIT);
            } else if (d[1] == DATA && length >= HEAD) { // a command: acknowledged, not served
                uint8_t answer[10] = {0xF1, ACK, 0, 6, 0xD1, d[5], 0, 1, d[6], d[7]};
                send(s->fd, answer, 10, MSG_DONTWAIT);
            } else if (d[1] == CLOSE) {
                s->closed = 1;
            } else if (d[1] == ACK && length >= 8 && d[5] == s->channel) {
                size_t indices = (size_t)d[6] << 8 | d[7];
                s->report->acks++;
                for (size_t k = 0; k < indices && 8 + 2 * k + 2 <= length; k++)
                    acknowledge(s, (uint16_t)(d[8 + 2 * k] << 8 | d[9 + 2 * k]));
            }
        }
        if (count < BATCH) return;
    }
}

// Sends `count` prepared datagrams over a connected socket and waits until all are acknowledged.
// due: nanoseconds after the start before which a datagram is not sent; window: most unacknowledged
// datagrams; rto: nanoseconds before one is sent again; loss: withheld first transmissions per million.
// sent_at receives the time (CLOCK_MONOTONIC) of each first transmission. Returns 0, or 1 when it gave up.
int play(int fd, const uint8_t *bytes, const uint64_t *offset, const uint32_t *length, const uint64_t *due,
         uint64_t *sent_at, size_t count, uint8_t channel, uint16_t first_index, uint32_t window, uint64_t rto,
         uint64_t give_up, uint32_t loss, uint64_t seed, struct report *report) {
    memset(report, 0, sizeof *report);
    struct state s = {fd, channel, first_index, 0, 0, calloc(count, 1), report, 0};
    uint64_t *last = calloc(count, sizeof *last);
    if (!s.acked || !last) return 1;
    uint64_t start = now_ns(), progress = start, acked_before = 0, scanned = start;
    while (s.lowest < count && !s.closed) {
        uint64_t now = now_ns();
        struct mmsghdr messages[BATCH];
        struct iovec io[BATCH];
        int batch = 0;
        memset(messages, 0, sizeof messages);
        while (batch < BATCH && s.next < count && s.next - s.lowest < window && now - start >= due[s.next]) {
            sent_at[s.next] = now;
            last[s.next] = now;
            report->sent++;
            if (loss && random_next(&seed) % 1000000u < loss) {
                report->dropped++;
            } else {
                io[batch] = (struct iovec){(void *)(bytes + offset[s.next]), length[s.next]};
                messages[batch].msg_hdr.msg_iov = &io[batch];
                messages[batch].msg_hdr.msg_iovlen = 1;
                batch++;
            }
            s.next++;
        }
        for (int done = 0; done < batch;) {
            int n = sendmmsg(fd, messages + done, (unsigned)(batch - done), 0);
            if (n < 0) {
                if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) continue;
                if (errno == ECONNREFUSED) { s.closed = 1; break; }
                break;
            }
            done += n;
        }
        receive(&s);
        now = now_ns();
        if (now - scanned >= rto / 4) { // retransmission is rare: a scan now and then is enough
            scanned = now;
            for (size_t i = s.lowest; i < s.next; i++) {
                if (s.acked[i] || now - last[i] < rto) continue;
                last[i] = now;
                report->retransmitted++;
                send(fd, bytes + offset[i], length[i], 0);
            }
        }
        if (report->acked != acked_before) { acked_before = report->acked; progress = now; }
        int idle = s.next >= count || s.next - s.lowest >= window || now - start < due[s.next];
        if (idle && s.lowest == s.next && s.next < count) progress = now; // paced: nothing is owed
        if (now - progress > give_up) break;
        if (idle && s.lowest < count) {
            int64_t wait = 1000000;
            if (s.next < count && s.next - s.lowest < window) {
                wait = (int64_t)(due[s.next] - (now - start));
                if (wait < 0) wait = 0;
                if (wait > 1000000) wait = 1000000;
            }
            struct pollfd p = {fd, POLLIN, 0};
            struct timespec t = {0, wait};
            ppoll(&p, 1, &t, NULL);
        }
    }
    report->nanoseconds = now_ns() - start;
    int failed = s.lowest < count;
    free(s.acked);
    free(last);
    return failed;
}

static void send_ack(int fd, uint8_t *ack, int indices) {
    ack[3] = (uint8_t)(4 + 2 * indices);
    ack[7] = (uint8_t)indices;
    send(fd, ack, (size_t)(HEAD + 2 * indices), MSG_DONTWAIT);
}

// The limit: receive `count` different data datagrams and acknowledge them, nothing else.
// batch_acks: 0 one ACK datagram per datagram, 1 one per recvmmsg burst (at most 17 indices each), 2 none.
// Returns the number received before `give_up` nanoseconds of silence.
uint64_t drain(int fd, uint64_t count, int batch_acks, uint64_t give_up) {
    static uint8_t bytes[BATCH][DATAGRAM];
    struct iovec io[BATCH];
    struct mmsghdr messages[BATCH];
    uint64_t received = 0;
    while (received < count) {
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, (int)(give_up / 1000000u)) <= 0) break;
        memset(messages, 0, sizeof messages);
        for (int i = 0; i < BATCH; i++) {
            io[i] = (struct iovec){bytes[i], DATAGRAM};
            messages[i].msg_hdr.msg_iov = &io[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        int n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
        uint8_t ack[HEAD + 34] = {0xF1, ACK, 0, 0, 0xD1, 0, 0, 0};
        int indices = 0;
        for (int i = 0; i < n; i++) {
            uint8_t *d = bytes[i];
            if (messages[i].msg_len < HEAD || d[0] != 0xF1 || d[1] != DATA) continue;
            received++;
            if (batch_acks == 2) continue;
            ack[5] = d[5];
            ack[8 + 2 * indices] = d[6];
            ack[9 + 2 * indices] = d[7];
            indices++;
            if (batch_acks == 0 || indices == 17) {
                send_ack(fd, ack, indices);
                indices = 0;
            }
        }
        if (indices) send_ack(fd, ack, indices);
    }
    return received;
}
