/* Sockets, and the network's own configuration. */
#include "act.h"

#include <arpa/inet.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static long socket_of(int family, int type, int protocol) {
    return socket(family, type, protocol) < 0 ? -1 : 0;
}
static long alg(void) {
    return socket_of(38, SOCK_SEQPACKET, 0);
}
static long vsock(void) {
    return socket_of(40, SOCK_STREAM, 0);
}
static long rxrpc(void) {
    return socket_of(33, SOCK_DGRAM, AF_INET);
}
static long tipc(void) {
    return socket_of(30, SOCK_RDM, 0);
}
static long can(void) {
    return socket_of(29, SOCK_RAW, 1);
}
static long x25(void) {
    return socket_of(9, SOCK_SEQPACKET, 0);
}
static long rds(void) {
    return socket_of(21, SOCK_SEQPACKET, 0);
}
static long smc(void) {
    return socket_of(43, SOCK_STREAM, 0);
}
static long bluetooth(void) {
    return socket_of(31, SOCK_RAW, 1);
}
static long key_family(void) {
    return socket_of(15, SOCK_RAW, 2);
}
static long packet(void) {
    return socket_of(17, SOCK_RAW, htons(3));
}
static long xdp(void) {
    return socket_of(44, SOCK_RAW, 0);
}
static long raw(void) {
    return socket_of(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}
static long raw6(void) {
    return socket_of(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
}
static long sctp(void) {
    return socket_of(AF_INET, SOCK_STREAM, 132);
}
static long sctp_packets(void) {
    return socket_of(AF_INET, SOCK_SEQPACKET, 132);
}
static long multipath(void) {
    return socket_of(AF_INET, SOCK_STREAM, 262);
}
static long udplite(void) {
    return socket_of(AF_INET6, SOCK_DGRAM, 136);
}
static long transforms(void) {
    return socket_of(16, SOCK_RAW, 6);
}
static long packet_filter(void) {
    return socket_of(16, SOCK_RAW, 12);
}
static long device_events(void) {
    return socket_of(16, SOCK_DGRAM, 15);
}
static long tipc_pair(void) {
    int pair[2];
    return socketpair(30, SOCK_STREAM, 0, pair);
}
/* These must work. */
static long stream(void) {
    return socket_of(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}
static long datagram6(void) {
    return socket_of(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
}
static long routes(void) {
    return socket_of(16, SOCK_RAW | SOCK_CLOEXEC, 0);
}
static long local_pair(void) {
    int pair[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}
static long out_of_band(void) {
    int pair[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 ? -1 : send(pair[0], "x", 1, MSG_OOB);
}
/* What the kernel answers to a request for its configuration. */
static long ask(const void *request, size_t length) {
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        char more[4096];
    } answer;
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    if (fd < 0 || send(fd, request, length, 0) < 0 ||
        recv(fd, &answer, sizeof answer, 0) < (ssize_t)NLMSG_LENGTH(sizeof answer.error)) {
        return -1;
    }
    errno = -answer.error.error;
    return answer.error.error == 0 ? 0 : -1;
}
enum { MAKE = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL };
static long make_interface(void) {
    struct {
        struct nlmsghdr header;
        struct ifinfomsg link;
        struct rtattr info, kind;
        char name[8];
    } request = {.header = {sizeof request, RTM_NEWLINK, MAKE, 1, 0},
                 .info = {sizeof request.info + sizeof request.kind + sizeof request.name, IFLA_LINKINFO},
                 .kind = {sizeof request.kind + sizeof "dummy", IFLA_INFO_KIND},
                 .name = "dummy"};
    return ask(&request, sizeof request);
}
static long queue_of_loopback(void) {
    struct {
        struct nlmsghdr header;
        struct tcmsg queue;
        struct rtattr kind;
        char name[8];
    } request = {.header = {sizeof request, RTM_NEWQDISC, MAKE, 1, 0},
                 .queue = {.tcm_ifindex = 1, .tcm_handle = 0x10000, .tcm_parent = TC_H_ROOT},
                 .kind = {sizeof request.kind + sizeof "pfifo", TCA_KIND},
                 .name = "pfifo"};
    return ask(&request, sizeof request);
}
static long make_route(void) {
    struct {
        struct nlmsghdr header;
        struct rtmsg route;
        struct rtattr to;
        unsigned char address[4];
        struct rtattr by;
        int interface;
    } request = {.header = {sizeof request, RTM_NEWROUTE, MAKE, 1, 0},
                 .route = {.rtm_family = AF_INET,
                           .rtm_dst_len = 32,
                           .rtm_table = RT_TABLE_MAIN,
                           .rtm_protocol = RTPROT_STATIC,
                           .rtm_scope = RT_SCOPE_LINK,
                           .rtm_type = RTN_UNICAST},
                 .to = {sizeof request.to + sizeof request.address, RTA_DST},
                 .address = {198, 51, 100, 7},
                 .by = {sizeof request.by + sizeof request.interface, RTA_OIF},
                 .interface = 1};
    return ask(&request, sizeof request);
}
static long shut_loopback(void) {
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return fd < 0 ? -1 : ioctl(fd, SIOCSIFFLAGS, &request);
}
/* All that are refused must be refused alike, or the kernel has looked at one of them. */
static long refused(int socket) {
    return socket < 0 && errno == EPERM ? -1 : 0;
}
static long other_families(void) {
    for (int family = 63; family >= 0; family--) {
        if (family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK) {
            continue;
        }
        for (int type = SOCK_STREAM; type <= SOCK_PACKET; type++) {
            if (refused(socket(family, type, 0)) == 0) {
                return 0;
            }
        }
    }
    return -1;
}
static long other_protocols(void) {
    static const int families[] = {AF_INET, AF_INET6};
    for (size_t i = 0; i < LENGTH(families); i++) {
        for (int type = SOCK_PACKET; type > 0; type--) {
            for (int protocol = 0; protocol <= 263; protocol++) {
                int known = type == SOCK_STREAM  ? protocol == 0 || protocol == IPPROTO_TCP
                            : type == SOCK_DGRAM ? protocol == 0 || protocol == IPPROTO_UDP ||
                                                       protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6
                                                 : 0;
                if (!known && refused(socket(families[i], type, protocol)) == 0) {
                    return 0;
                }
            }
        }
    }
    return -1;
}
static long other_netlink(void) {
    for (int protocol = 1; protocol < 32; protocol++) {
        if (refused(socket(AF_NETLINK, SOCK_RAW, protocol)) == 0) {
            return 0;
        }
    }
    return -1;
}

static long transport(void) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return setsockopt(fd, IPPROTO_TCP, 31 /* TCP_ULP */, "velo", 4);
}
static long encapsulation(void) {
    const int in_datagrams = 2 /* UDP_ENCAP_ESPINUDP */;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return setsockopt(fd, IPPROTO_UDP, 100 /* UDP_ENCAP */, &in_datagrams, sizeof in_datagrams);
}

const struct act network_acts[] = {ACT(alg),
                                   ACT(vsock),
                                   ACT(rxrpc),
                                   ACT(tipc),
                                   ACT(can),
                                   ACT(x25),
                                   ACT(rds),
                                   ACT(smc),
                                   ACT(bluetooth),
                                   ACT(key_family),
                                   ACT(packet),
                                   ACT(xdp),
                                   ACT(other_families),
                                   ACT(raw),
                                   ACT(raw6),
                                   ACT(sctp),
                                   ACT(sctp_packets),
                                   ACT(multipath),
                                   ACT(udplite),
                                   ACT(other_protocols),
                                   ACT(transforms),
                                   ACT(packet_filter),
                                   ACT(device_events),
                                   ACT(other_netlink),
                                   ACT(tipc_pair),
                                   ACT(stream),
                                   ACT(datagram6),
                                   ACT(routes),
                                   ACT(local_pair),
                                   ACT(out_of_band),
                                   ACT(make_interface),
                                   ACT(queue_of_loopback),
                                   ACT(make_route),
                                   ACT(shut_loopback),
                                   ACT(transport),
                                   ACT(encapsulation),
                                   {NULL, NULL}};
