#ifndef VELO_CHANNEL_H
#define VELO_CHANNEL_H

/*
 * How a process that is to be supervised hands over the listener of its filter: by a datagram to the socket
 * "supervisor" of the session's directory, which holds the listener and the end of a pipe for the answer. A
 * datagram is there as a whole or not at all, so the supervisor never waits for anybody; and whoever waits
 * for the answer sees the pipe's end where the supervisor is gone. Results below 0 are -errno.
 */

/* The supervisor's side. Both descriptors are close-on-exec, and the socket never blocks. */
long channel_listen(int session);
/* The listener of a process that asks to be supervised, and where the answer goes. -EAGAIN: nobody does. */
long channel_receive(int socket, int *answer);
/* Its calls are answered from now on: it goes on. Closes answer. */
void channel_answer(int answer);

/* The other side. Opened before the filter is there, which would catch connect(2). */
struct channel {
    int socket, answer, theirs;
};
long channel_open(struct channel *channel, int session);
/* The same by an O_PATH descriptor of the socket itself. */
long channel_open_itself(struct channel *channel, int socket);
/* Hands it over and waits until its calls are answered: 0. -EPIPE: nobody does. Closes all, the listener
 * too. */
long channel_hand_over(struct channel *channel, int listener);
void channel_close(struct channel *channel);

#endif
