/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_log_kills.c - keepers and writers are killed at random moments, again and
 * again.  Afterwards every exchange that was entered has exactly one closing
 * record, the sequence has no gap, and the log continues every head that was ever
 * signed.  GATEBOOK_KILLS=N in the environment says
 * how many rounds (120).
 */
#include "logging/writer.h"

#include "lib/clock.h"
#include "lib/messages.h"
#include "logging/book.h"
#include "tests/unit/log_helper.h"

#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <poll.h>
#include <signal.h>
#include <time.h>

#define KEEPERS_MAX 2000
#define IDS_MAX 1500		/* of one keeper: the length of its life */
#define RUNNING 16

/* What the keepers tell before they are killed. */
struct shared {
	struct {
		_Atomic uint64_t entered;	/* ids that are in the table */
		_Atomic uint32_t dead;
	} keeper[KEEPERS_MAX];
};

static struct shared *shared;
static struct log_place the_log;
static int wake;
static int book_fd[KEEPERS_MAX];	/* -1 when the writer is done with it */
static unsigned keepers;		/* numbered from 1 */

static uint32_t
dice(uint32_t sides)
{
	uint32_t n;

	assert_int_equal(getrandom(&n, sizeof(n), 0), sizeof(n));
	return n % sides;
}

#define HEADS_MAX 4096
static struct note_head heads[HEADS_MAX];
static size_t head_count;

/* Remember what is signed by now. */
static void
note_heads(void)
{
	struct head_slot slot[HEAD_SLOTS];
	int i;

	if (faccessat(the_log.folder, HEAD_FILE, F_OK, 0) != 0)
		return;
	log_read_heads(&the_log, slot);
	for (i = 0; i < HEAD_SLOTS; i++) {
		if (slot[i].empty || slot[i].result != NOTE_GOOD ||
		    slot[i].head.size == 0 || head_count == HEADS_MAX)
			continue;
		if (head_count == 0 || heads[head_count - 1].size <
		    slot[i].head.size)
			heads[head_count++] = slot[i].head;
	}
}

/* --- the keeper's life ------------------------------------------------------ */

static void
keeper_life(unsigned number)
{
	struct book *book = book_keep(book_fd[number], wake);
	static unsigned char bytes[3000];
	static const char hundred[100] = "words";
	struct record record = { bytes, 0, sizeof(bytes), false };
	uint32_t slots[RUNNING], turn = 0, seed = number;
	struct exchange_id id;
	size_t running = 0, i;

	if (book == NULL)
		_exit(1);
	for (;;) {
		seed = seed * 1664525 + 1013904223;
		/* Of one, two and many cells. */
		record_init(&record, bytes, sizeof(bytes));
		record_text(&record, RECORD_URL_DOMAIN_F, "a.example");
		for (i = seed >> 29; i > 0; i--)
			record_string(&record, RECORD_REASON_F, hundred, 100);
		if (running < RUNNING && atomic_load(
		    &shared->keeper[number].entered) < IDS_MAX - 1 &&
		    book_enter(book, &record, &slots[running], &id) == 0) {
			running++;
			atomic_store(&shared->keeper[number].entered,
			    id.counter);
		}
		if (running > 0 && turn++ % 3 == 0)
			(void)!book_push(book, slots[0],
			    RECORD_KIND_REQUEST_INTERIM, &record, NULL);
		i = running > 0 ? seed % running : 0;
		if (running > RUNNING / 2) {
			if (turn % 5 == 0)
				(void)!book_append(book, slots[i], &record);
			if (book_close(book, slots[i], RECORD_KIND_REQUEST,
			    &record) == 0)
				slots[i] = slots[--running];
			else
				book_want_room(book);
		}
		if (turn % 64 == 0)
			book_want_durable(book);
	}
}

/* --- the writer's life ------------------------------------------------------- */

static void
writer_life(int channel)
{
	struct journal *journal = journal_new(&the_log.place);
	struct writer *writer = journal == NULL ? NULL :
	    writer_new(journal, the_log.stats);
	struct pollfd poller = { .fd = wake, .events = POLLIN };
	uint64_t count, us;
	unsigned i;

	if (writer == NULL)
		_exit(1);
	writer_set_channel(writer, WRITER_PARENT, channel);
	for (;;) {
		for (i = 1; i <= keepers; i++) {
			if (book_fd[i] == -1)
				continue;
			writer_add_book(writer, book_fd[i], i,
			    atomic_load(&shared->keeper[i].dead) ? "killed" :
			    NULL);
			if (atomic_load(&shared->keeper[i].dead)) {
				writer_book_dead(writer, i, "killed");
				book_fd[i] = -1;
			}
		}
		us = writer_turn(writer);
		(void)poll(&poller, 1, (int)(us / 1000));
		(void)!read(wake, &count, sizeof(count));
	}
}

/* --- the parent ---------------------------------------------------------------- */

static pid_t
start_keeper(void)
{
	pid_t pid;

	keepers++;
	assert_true(keepers < KEEPERS_MAX);
	book_fd[keepers] = memfd_create("book", MFD_CLOEXEC);
	assert_int_equal(book_create(book_fd[keepers], keepers, 256, 0), 0);
	pid = fork();
	if (pid == 0)
		keeper_life(keepers);
	return pid;
}

static pid_t
start_writer(int *channel)
{
	int pair[2];
	pid_t pid;

	if (*channel != -1)
		close(*channel);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, pair), 0);
	pid = fork();
	if (pid == 0)
		writer_life(pair[0]);
	close(pair[0]);
	*channel = pair[1];
	return pid;
}

static void
end_process(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	/* Not by a fault of its own. */
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
take_done(int channel)
{
	static struct message message;
	uint64_t number;

	while (message_receive(channel, &message) == 1) {
		assert_int_equal(message.type, MESSAGE_BOOK_DONE);
		number = message_get_u64(&message);
		assert_true(number >= 1 && number <= keepers);
		if (book_fd[number] != -1)
			close(book_fd[number]);
		book_fd[number] = -1;
	}
}

/* Let them run for a random moment: this is no waiting for anything. */
static void
moment(uint32_t us)
{
	struct timespec time = { 0, (long)dice(us) * 1000 };

	(void)nanosleep(&time, NULL);
}

struct tally {
	uint8_t closed[KEEPERS_MAX][IDS_MAX];
	uint64_t closings;
	uint64_t deaths;
};

static uint64_t
base32(const char *text, int n)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint64_t value = 0;

	while (n-- > 0)
		value = value << 5 |
		    (uint64_t)(strchr(alphabet, *text++) - alphabet);
	return value;
}

static void
tally_line(void *arg, const char *line, size_t length)
{
	struct tally *tally = arg;
	const char *id = strstr(line, "\"transaction.id\":\"");
	uint64_t incarnation, counter;

	assert_int_equal(strlen(line), length);
	if (id == NULL || strstr(line, "\"request-interim\"") != NULL)
		return;
	/* The last 12 characters are 60 bits of the 64 of the counter, four
	 * more are in the one before. */
	counter = base32(id + 18 + 14, 12);
	incarnation = base32(id + 18 + 4, 10) >> 4;
	assert_true(incarnation >= 1 && incarnation <= keepers);
	assert_true(counter >= 1 && counter < IDS_MAX);
	tally->closed[incarnation][counter]++;
	tally->closings++;
	if (strstr(line, "\"worker-died\"") != NULL)
		tally->deaths++;
}

static void
verify(void)
{
	struct tally *tally = calloc(1, sizeof(*tally));
	uint64_t lines, id, entered;
	unsigned i;

	assert_non_null(tally);
	lines = log_walk(&the_log, 0, tally_line, tally);
	for (i = 1; i <= keepers; i++) {
		entered = atomic_load(&shared->keeper[i].entered);
		for (id = 1; id < IDS_MAX; id++) {
			if (id <= entered && tally->closed[i][id] != 1)
				fail_msg("exchange %u/%" PRIu64 " of %" PRIu64
				    " has %u closing records", i, id, entered,
				    tally->closed[i][id]);
			/* One may have been entered and not told. */
			if (id > entered &&
			    tally->closed[i][id] > (id == entered + 1))
				fail_msg("exchange %u/%" PRIu64 " never was",
				    i, id);
		}
	}
	print_message("%u keepers, %" PRIu64 " lines, %" PRIu64 " exchanges, %"
	    PRIu64 " closed for the dead\n", keepers, lines, tally->closings,
	    tally->deaths);
	free(tally);
}

static void
test_kills(void **state)
{
	const char *rounds_text = getenv("GATEBOOK_KILLS");
	int rounds = rounds_text == NULL ? 120 : atoi(rounds_text), round;
	uint64_t deadline;
	pid_t keeper[2], writer;
	unsigned number[2], i, left;
	int channel = -1;

	(void)state;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(shared, MAP_FAILED);
	log_place_open(&the_log, "/tmp");
	wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	for (i = 0; i < 2; i++) {
		keeper[i] = start_keeper();
		number[i] = keepers;
	}
	writer = start_writer(&channel);
	for (round = 0; round < rounds; round++) {
		uint32_t who = dice(4);

		moment(who == 3 ? 20000 : 6000);
		/* 0, 1: a keeper; 2: all at once; 3: the writer */
		for (i = 0; i < 2; i++)
			if (who == i || who == 2) {
				end_process(keeper[i]);
				atomic_store(&shared->keeper[number[i]].dead,
				    1);
			}
		if (who >= 2) {
			end_process(writer);
			take_done(channel);
		}
		for (i = 0; i < 2; i++)
			if (who == i || who == 2) {
				keeper[i] = start_keeper();
				number[i] = keepers;
			}
		/* The writer is a copy of us as we were: a new one learns of
		 * new books.  The old one must go for that, too. */
		if (who < 2) {
			end_process(writer);
			take_done(channel);
		}
		note_heads();
		writer = start_writer(&channel);
	}
	for (i = 0; i < 2; i++) {
		end_process(keeper[i]);
		atomic_store(&shared->keeper[number[i]].dead, 1);
	}
	end_process(writer);
	take_done(channel);
	writer = start_writer(&channel);
	deadline = clock_mono_us() + 20 * 1000000;
	do {
		struct pollfd poller = { .fd = channel, .events = POLLIN };

		(void)poll(&poller, 1, 100);
		take_done(channel);
		for (left = 0, i = 1; i <= keepers; i++)
			left += book_fd[i] != -1;
	} while (left > 0 && clock_mono_us() < deadline);
	assert_int_equal(left, 0);
	end_process(writer);
	verify();
	note_heads();
	assert_true(head_count > 0);
	(void)log_check_tree(&the_log, heads, head_count);
	print_message("%zu heads\n", head_count);
	close(channel);
	close(wake);
	log_place_close(&the_log);
	munmap(shared, sizeof(*shared));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
