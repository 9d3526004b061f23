use std::sync::mpsc;

use tokio::sync::mpsc as channel;
use tokio::task::JoinHandle;

use super::*;

fn queue(at_once: usize) -> Arc<Queue> {
    Arc::new(Queue::new(NonZeroUsize::new(at_once).unwrap(), 8))
}

/// Work that reports when it begins, and goes on until the sender is dropped.
fn begin(
    queue: &Arc<Queue>,
    number: usize,
    began: &channel::UnboundedSender<usize>,
) -> (mpsc::Sender<()>, JoinHandle<Result<usize, Busy>>) {
    let (end, ended) = mpsc::channel::<()>();
    let (queue, began) = (Arc::clone(queue), began.clone());
    let work = move |_: &mut Memory| {
        began.send(number).unwrap();
        let _ = ended.recv();
        number
    };
    (end, tokio::spawn(async move { queue.run(Cost::Ordinary, work).await }))
}

/// The runtime of these tests has one thread: it would stand still if the work were done on it.
#[tokio::test]
async fn no_more_than_allowed_are_computed_at_once_and_the_others_in_their_order() {
    let queue = queue(2);
    let (began, mut order) = channel::unbounded_channel();
    let mut work: Vec<_> = (0..5).map(|number| begin(&queue, number, &began)).collect();
    let mut first = [order.recv().await.unwrap(), order.recv().await.unwrap()];
    first.sort_unstable();
    assert_eq!(first, [0, 1]);
    for next in 2..5 {
        assert_eq!(queue.threads(), 2);
        assert!(order.try_recv().is_err());
        let (end, task) = work.remove(0);
        drop(end);
        assert_eq!(task.await.unwrap(), Ok(next - 2));
        assert_eq!(order.recv().await, Some(next));
    }
}

/// The memory of a hash that comes when no other is computed: where it is, and whether anything is left in it. It is written to.
async fn memory_of_one(queue: &Queue, size: usize) -> (usize, bool) {
    let used = queue.run(Cost::Ordinary, move |memory| {
        let blocks = memory.blocks(size);
        let is_blank = blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0));
        for block in &mut *blocks {
            block.as_mut().fill(1);
        }
        (blocks.as_ptr() as usize, is_blank)
    });
    let used = used.await.unwrap();
    while queue.threads() > 0 {
        tokio::task::yield_now().await;
    }
    used
}

#[tokio::test]
async fn memory_is_kept_for_those_that_come_later_and_wiped() {
    let queue = queue(2);
    let (first, _) = memory_of_one(&queue, 8).await;
    for _ in 0..3 {
        assert_eq!(memory_of_one(&queue, 8).await, (first, true));
    }
}

#[tokio::test]
async fn memory_of_a_larger_hash_is_not_kept() {
    let queue = queue(2);
    memory_of_one(&queue, 8).await;
    memory_of_one(&queue, 9).await;
    let kept = queue.0.lock().kept.iter().map(Memory::size).sum::<usize>();
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn a_panic_is_that_of_the_caller_and_the_queue_goes_on() {
    let queue = queue(1);
    let failing = Arc::clone(&queue);
    let panicking = tokio::spawn(async move { failing.run(Cost::Ordinary, |_| panic!("on purpose")).await });
    let panic: Result<Result<(), Busy>, _> = panicking.await;
    assert!(panic.unwrap_err().is_panic());
    assert_eq!(queue.run(Cost::Ordinary, |_| 7).await, Ok(7));
}

#[tokio::test]
async fn few_costly_hashes_wait_and_leave_the_places_to_others() {
    let queue = queue(2);
    let (end, ended) = mpsc::channel::<()>();
    let costly = |work: Box<dyn FnOnce() + Send>| {
        let queue = Arc::clone(&queue);
        tokio::spawn(async move { queue.run(Cost::High, move |_| work()).await })
    };
    let (began, mut has_begun) = channel::unbounded_channel();
    let running = costly(Box::new(move || {
        began.send(()).unwrap();
        let _ = ended.recv();
    }));
    has_begun.recv().await.unwrap();
    let waiting: Vec<_> = (0..MAX_COSTLY_QUEUED).map(|_| costly(Box::new(|| ()))).collect();
    while queue.free_places() > 33 - MAX_COSTLY_QUEUED {
        tokio::task::yield_now().await;
    }
    assert_eq!(queue.run(Cost::High, |_| ()).await, Err(Busy));
    assert_eq!(queue.run(Cost::Ordinary, |_| ()).await, Ok(()));
    drop(end);
    assert_eq!(running.await.unwrap(), Ok(()));
    for task in waiting {
        assert_eq!(task.await.unwrap(), Ok(()));
    }
}

#[tokio::test]
async fn whoever_waits_too_long_is_told_to_come_again_and_leaves_the_place() {
    let queue = queue(1);
    let (began, mut has_begun) = channel::unbounded_channel();
    let (end, running) = begin(&queue, 0, &began);
    has_begun.recv().await.unwrap();
    let waited = queue.run_within(Duration::ZERO, Cost::Ordinary, |_| ()).await;
    assert_eq!((waited, queue.free_places()), (Err(Busy), MAX_QUEUED));
    drop(end);
    assert_eq!(running.await.unwrap(), Ok(0));
}

#[tokio::test]
async fn what_has_begun_is_not_given_up() {
    let queue = queue(1);
    let (began, mut has_begun) = channel::unbounded_channel();
    let (end, running) = begin(&queue, 0, &began);
    has_begun.recv().await.unwrap();
    assert!(!queue.0.leave(0));
    drop(end);
    assert_eq!(running.await.unwrap(), Ok(0));
}
